"""How a file declares that its frames are shown: shape of the pixels, turn and mirror image."""

import pathlib
from fractions import Fraction

import av
import cv2
import numpy as np
from absl import logging
from av.sidedata.sidedata import Type
from jaxtyping import Float, UInt8

WIDEST_PIXEL = 8  # no camera or format has wider or narrower pixels; a file that declares them is damaged
TOLERATED_DEGREES = 2.0  # a turn this close to a quarter is one
# Sizes of the frame with square pixels; the longer side of a pixel stays, so nothing is lost. `own` is the ratio of the
# stream when it was opened: as long as it stays, the container has the last word.
RATIO = "if(lte(sar,0),{declared},if(lt(abs(sar-{own}),0.0001),{declared},sar))"
SQUARE = "w='round(iw*max(1,{ratio}))':h='round(ih/min(1,{ratio}))':flags=neighbor:eval=frame"


class Display:
    """Turns the frames of one decoder into RGB with square pixels, the right way up.

    `stretch` holds the factors in x and y between the last frame with square pixels and with those that are stored,
    both the right way up.
    """

    def __init__(self, path: pathlib.Path, stream: av.VideoStream):
        self._path = path
        self._codec = stream.codec_context
        self._own = _ratio(self._codec.sample_aspect_ratio)
        self._declared = _ratio(stream.sample_aspect_ratio)
        self._time_base = stream.time_base or Fraction(1, 1000)
        self._probe: _RatioProbe | None = None
        self._last_matrix: np.ndarray | None = None
        self._read = False  # any frame
        self.stretch = (1.0, 1.0)

    def __call__(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels as a player shows them."""
        image = frame.to_ndarray(format="rgb24")
        size = self._square_size(frame)
        if size != (frame.width, frame.height):
            image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        self.stretch = (size[0] / frame.width, size[1] / frame.height)
        matrix = self._matrix(frame)
        if matrix is None:
            return image
        linear = self._turn(matrix)
        if not linear[0, 0]:
            self.stretch = self.stretch[::-1]
        return turn(image, linear)

    def _matrix(self, frame: av.VideoFrame) -> np.ndarray | None:
        """The display matrix of a frame, in 16.16 fixed point; None if it is shown as it is stored."""
        # It stays from key frame to key frame. Frames of PyAV and their side data refer to each other, so that only the
        # collector of cycles frees frames that were asked: a hundred megabytes wait for it if all are.
        if frame.key_frame or not self._read:
            matrix = frame.side_data.get(Type.DISPLAYMATRIX)
            self._last_matrix = None if matrix is None else np.frombuffer(bytes(matrix), np.int32)
            self._read = True
        return self._last_matrix

    @property
    def ratio_changes(self) -> bool:
        """Whether frames with different ratios have been seen."""
        return self._probe is not None

    def _square_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height with square pixels, before the turn."""
        # A decoder tells the ratio of what it is reading, a few frames ahead of what it returns; so once the ratio has
        # changed, FFmpeg is asked about each frame.
        if self._probe is None and _ratio(self._codec.sample_aspect_ratio) != self._own:
            self._probe = _RatioProbe(frame, self._time_base, self._own, self._declared)
        if self._probe is not None:
            return self._probe(frame)
        return square_size(frame.width, frame.height, self._declared)

    def _turn(self, matrix: np.ndarray) -> Float[np.ndarray, "2 2"]:
        quarters, rest_degrees = quarter_turn(matrix)
        if abs(rest_degrees) > TOLERATED_DEGREES:
            logging.log_first_n(
                logging.WARNING,
                "%s declares a turn that is %.0f degrees off a quarter turn; it is turned by whole quarters only",
                1,
                self._path,
                abs(rest_degrees),
            )
        return quarters


class _RatioProbe:
    """Asks FFmpeg for the ratio of each frame, which PyAV does not show."""

    def __init__(self, frame: av.VideoFrame, time_base: Fraction, own: Fraction, declared: Fraction):
        self._graph = av.filter.Graph()
        ratio = RATIO.format(declared=float(declared), own=float(own))
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format.name, time_base=time_base
        )
        scale = self._graph.add("scale", SQUARE.format(ratio=ratio))
        sink = self._graph.add("buffersink")
        source.link_to(scale)
        scale.link_to(sink)
        self._graph.configure()

    def __call__(self, frame: av.VideoFrame) -> tuple[int, int]:
        self._graph.push(frame)
        square = self._graph.pull()
        return square.width, square.height


def _ratio(declared: Fraction | None) -> Fraction:
    """Width over height of a pixel; 1 if it is not declared, or absurd."""
    if not declared or not 1 / WIDEST_PIXEL <= declared <= WIDEST_PIXEL:
        return Fraction(1)
    return declared


def square_size(width: int, height: int, ratio: Fraction) -> tuple[int, int]:
    """Width and height of a frame whose pixels, `ratio` as wide as high, were made square by enlarging."""
    return round(width * max(ratio, 1)), round(height / min(ratio, 1))


def quarter_turn(matrix: np.ndarray) -> tuple[Float[np.ndarray, "2 2"], float]:
    """Rounds a display matrix to quarter turns and mirror images.

    Returns the linear map from stored to shown (x, y), and by how many degrees the matrix turns beyond it.
    Source: ISO 14496-12, 8.3.2: (x, y) is shown at (a x + c y, b x + d y).
    """
    a, b, _, c, d = matrix[:5].astype(np.float64)
    linear = np.array([[a, c], [b, d]])
    if not np.linalg.det(linear):  # nothing would be left to see
        return np.eye(2), 0.0
    mirror = np.diag([1.0 if np.linalg.det(linear) > 0 else -1.0, 1.0])
    rotation = linear @ mirror
    degrees = float(np.degrees(np.arctan2(rotation[1, 0] - rotation[0, 1], rotation[0, 0] + rotation[1, 1])))
    quarters = round(degrees / 90)
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarters % 4]
    return np.array([[cos, -sin], [sin, cos]]) @ mirror, degrees - 90 * quarters


def turn(
    image: UInt8[np.ndarray, "height width 3"], linear: Float[np.ndarray, "2 2"]
) -> UInt8[np.ndarray, "new_height new_width 3"]:
    """Turns and mirrors an image by a map from stored to shown (x, y) whose entries are -1, 0 and 1."""
    if not linear[0, 0]:
        image = image.swapaxes(0, 1)
    if linear[0].sum() < 0:
        image = image[:, ::-1]
    if linear[1].sum() < 0:
        image = image[::-1]
    return np.ascontiguousarray(image)
