"""Whether landmarks, tables and label times can belong to their pictures: one check for every reader.

What cannot be true is an error; what is possible but unlikely is a note, of which a recording gets one log line.
"""

from collections.abc import Sequence

import numpy as np
from absl import logging
from jaxtyping import Float

LEAST_INSIDE = 0.5  # share of a face's landmarks inside the picture: faces may be cut by the border
MOSTLY_INSIDE = 0.9  # the same, below which the typical face of a recording is suspicious
SMALLEST_FACE_PX = 4.0  # normalized coordinates (0..1 or -1..1) span 2 at most
IMPOSSIBLE_SPAN = 10.0  # ratio of the ends of labels and recording; more is another unit (frames: 15 or more a second)
PARTIAL_SPAN = 50.0  # labels may cover a part of a recording, but hardly a fiftieth of it
COVERED = 0.9  # share of a recording that labels usually cover
SHORT_SECONDS = 0.5  # labels may begin or end so much beside the recording
FEW_ROWS = 0.03  # share of rows that a table may have more or fewer than frames: trackers drop the last ones,
FEW_FRAMES = 2  # or this many
OTHER_RATE = 0.1  # difference of two clocks that rounding and a variable frame rate do not explain
OTHER_SCALE = 1.15  # ratio of picture sizes that a head's position can tell from a camera of another kind
CHIN, LEFT_EYE, RIGHT_EYE = 8, slice(36, 42), slice(42, 48)  # of 68 points, the person's right eye is at the left

Faces = Float[np.ndarray, "face 68 2"]


def misplaced(
    landmarks: Float[np.ndarray, "68 2"] | None, box: tuple[float, float, float, float] | None, width: int, height: int
) -> str:
    """Returns why the landmarks (px), or else the face box, cannot belong to an image of that size; or ""."""
    if landmarks is not None:
        if _span(landmarks[None])[0] < SMALLEST_FACE_PX:
            return f"landmarks span less than {SMALLEST_FACE_PX:g} px"
        if _inside(landmarks[None], np.array([[width, height]], float))[0] < LEAST_INSIDE:
            return "landmarks lie outside the image"
    elif box is not None:
        left, top, box_width, box_height = box
        x, y = left + box_width / 2, top + box_height / 2
        if not (0 <= x < width and 0 <= y < height):
            return "face box lies outside the image"
    return ""


def check_landmarks(where: str, faces: Faces, sizes_px: Float[np.ndarray, "face 2"]) -> list[str]:
    """Checks the landmarks (px) of a recording or list in pictures of these widths and heights.

    Returns notes; ValueError if most of the landmarks are impossible.
    """
    if not len(faces):
        return []
    size, low, high = "{:g} x {:g} px".format(*sizes_px[0]), faces.min((0, 1)), faces.max((0, 1))
    extent = f"they reach from ({low[0]:.4g}, {low[1]:.4g}) to ({high[0]:.4g}, {high[1]:.4g})"
    if np.median(_span(faces)) < SMALLEST_FACE_PX:
        raise ValueError(
            f"{where}: the landmarks span less than {SMALLEST_FACE_PX:g} px of the picture of {size}: {extent}; "
            "expected pixels. If they are shares of the picture, multiply them by its width and height"
        )
    inside = np.median(_inside(faces, sizes_px))
    if inside < LEAST_INSIDE:
        raise ValueError(
            f"{where}: most landmarks lie outside the picture of {size}: {extent}; expected pixels of this picture. "
            "Were they tracked at another size, in another video, or are they in mm?"
        )
    notes = []
    if inside < MOSTLY_INSIDE:
        notes.append(f"{1 - inside:.0%} of the landmarks lie outside the picture of {size}: {extent}")
    elif (faces < sizes_px[:, None] / 2).all((1, 2)).mean() > 1 - FEW_ROWS:
        notes.append(
            f"all landmarks lie in the upper left quarter of the picture of {size}: {extent}; were they tracked at a "
            "smaller size?"
        )
    return notes + _pose_notes(faces)


def _inside(faces: Faces, sizes_px: Float[np.ndarray, "face 2"]) -> Float[np.ndarray, "face"]:
    return ((faces >= 0) & (faces < sizes_px[:, None])).all(-1).mean(-1)


def _span(faces: Faces) -> Float[np.ndarray, "face"]:
    return (faces.max(1) - faces.min(1)).max(-1)


def _pose_notes(faces: Faces) -> list[str]:
    """Notes about heads that stand otherwise than heads do in nearly every frame."""
    right, left = faces[:, LEFT_EYE].mean(1), faces[:, RIGHT_EYE].mean(1)
    across, down = left - right, faces[:, CHIN] - (right + left) / 2
    if np.median(down[:, 1]) < np.median(np.abs(down[:, 0])):
        return ["the chin is not below the eyes: is the picture turned, or does y count upward?"]
    if np.median(across[:, 0]) < 0:
        return ["the person's right eye lies at the right: are picture or landmarks mirrored?"]
    return []


def check_position(
    where: str, faces: Faces, position_mm: Float[np.ndarray, "face 3"], size_px: Float[np.ndarray, "2"]
) -> None:
    """ValueError if OpenFace's head positions show that it tracked the recording at another picture size.

    It projects a head at (x, y, z) to focal length * x / z + half the width, and derives the focal length from the
    picture's size unless told otherwise.
    """
    usable = np.isfinite(position_mm).all(1) & (position_mm[:, 2] > 0)
    if not usable.any():
        return
    width, height = size_px
    focal = (500 * width / 640 + 500 * height / 480) / 2  # OpenFace's rule
    expected = focal * position_mm[usable, :2] / position_mm[usable, 2:] + size_px / 2
    found = faces[usable].mean(1)
    scale = float((found * expected).sum() / (expected**2).sum())
    face_px = float(np.median(_span(faces[usable])))
    distance = lambda factor: float(np.median(np.linalg.norm(found - factor * expected, axis=1)))
    if max(scale, 1 / scale) > OTHER_SCALE and distance(1.0) > face_px / 2 and distance(scale) < face_px / 3:
        raise ValueError(
            f"{where}: the landmarks were tracked in a picture about {scale:.2g} times as large as this one of "
            f"{width:g} x {height:g} px; track this video, or multiply x_0 to y_67 by {1 / scale:.3g}"
        )


def clock_notes(table_seconds: Float[np.ndarray, "frame"], frames_seconds: Float[np.ndarray, "frame"]) -> list[str]:
    """Notes if the time stamps of a table run otherwise than those of the same frames."""
    known = np.isfinite(table_seconds)
    if known.sum() < 2:
        return []
    table, frames = np.ptp(table_seconds[known]), np.ptp(frames_seconds[known])
    if frames <= 0 or abs(table / frames - 1) <= OTHER_RATE:
        return []
    return [
        f"the time stamps of the table span {table:.3g} s and those of the same frames {frames:.3g} s; was it made "
        "from a version of the video with another frame rate?"
    ]


def count_notes(rows: int, frames: int) -> list[str]:
    """Notes if a table has other rows than its recording has frames."""
    if abs(rows - frames) <= max(FEW_FRAMES, FEW_ROWS * frames):
        return []
    return [f"the table has {rows} rows for {frames} frames; was it made from another version of the video?"]


def check_times(
    where: str, labels_seconds: Float[np.ndarray, "sample"], frames_seconds: Float[np.ndarray, "frame"]
) -> list[str]:
    """Checks the times of labels against those of the frames; returns notes, or ValueError if they cannot belong."""
    frame_step = float(np.median(np.diff(frames_seconds))) if len(frames_seconds) > 1 else 0.0
    if not len(labels_seconds) or frame_step <= 0:
        return []
    begins, ends, length = float(labels_seconds[0]), float(labels_seconds[-1]), float(frames_seconds[-1]) + frame_step
    step = float(np.median(np.diff(labels_seconds))) if len(labels_seconds) > 1 else frame_step
    span = f"the labels run from {begins:g} to {ends:g} s, but the recording has {length:.3g} s"
    if reason := _impossible(begins, ends + step, length, step, frame_step, labels_seconds):
        raise ValueError(f"{where}: {span}; {reason}")
    notes = []
    covered = (min(ends + step, length) - begins) / length
    if covered < COVERED and length * (1 - covered) > SHORT_SECONDS:
        notes.append(f"labels cover only {covered:.0%} of the recording: {span}")
    if ends - length > max(SHORT_SECONDS, (1 - COVERED) * length):
        notes.append(f"labels go on after the recording: {span}; is the video whole?")
    return notes


def _impossible(
    begins: float,
    ends: float,
    length: float,
    step: float,
    frame_step: float,
    times: Float[np.ndarray, "sample"],
) -> str:
    """Returns why labels of these times cannot belong to a recording of that length, with the likely unit; or ""."""
    likely = _likely_unit(ends, length, step, 1 / frame_step, times)
    if ends > IMPOSSIBLE_SPAN * length or (likely and ends > 2 * length):
        unit = likely or "in another unit (milliseconds, frames), or of another recording?"
        return f"expected seconds from the start of the recording; are they {unit}"
    if begins > length:
        return "they begin after its end; expected seconds from the start of the recording"
    denser = ends < length / IMPOSSIBLE_SPAN and step < frame_step / 2
    if (denser and len(times) > 1) or ends < length / PARTIAL_SPAN:
        return "expected seconds from the start of the recording; are they in minutes, or of another recording?"
    return ""


def _likely_unit(ends: float, length: float, step: float, fps: float, times: Float[np.ndarray, "sample"]) -> str:
    """Names the unit that labels may have if they end too late for seconds, and its conversion; or ""."""
    units = {1e3: "milliseconds? Divide them by 1000", 1e6: "microseconds? Divide them by 1e6"}
    whole = len(times) > 2 and bool((times == np.round(times)).all())
    if whole:
        units[fps] = f"numbers of frames? Divide them by the frame rate ({fps:.4g})"
    for factor, unit in units.items():
        if 0.8 < ends / factor / length < 1.25:
            return unit
    if whole and step == 1:
        return "sample numbers? Divide them by the labels' rate; if they are seconds, leave out those after its end"
    return ""


def log_notes(where: str, notes: Sequence[str]) -> None:
    """Warns once about everything unlikely in a recording."""
    if notes:
        logging.warning("%s: %s", where, "; ".join(notes))
