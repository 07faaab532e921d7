"""Two real recordings of one face each, side by side on one canvas, that cross."""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator, Sequence

import av
import cv2
import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.face import Box

FPS = 24
GRAY = 90
# Left, top, right, bottom of the person in each video of ../shared/data/video, and the scale of the pasted part.
PEOPLE = {"one_woman_expressions.mp4": ((280, 10, 620, 360), 0.6), "single_face.mp4": ((140, 50, 440, 350), 0.66)}
FRAMES = 100  # of each video; from the last one on they run backwards


@dataclasses.dataclass(frozen=True)
class Crossing:
    """How two people move over a canvas of 360 x 960 px: the first from left to right, the second from right to left.

    `returns`: halfway they turn round, so that they cross twice. `oval`: the pasted parts are ovals, not rectangles.
    """

    seconds: float
    front: int = 0  # who passes in front
    oval: bool = True
    returns: bool = False
    height: int = 360
    width: int = 960

    @property
    def frames(self) -> int:
        return round(self.seconds * FPS)

    def left(self, person: int, frame: int, width: int) -> int:
        """Left edge of the pasted part of a person."""
        along = frame / (self.frames - 1)
        if self.returns:
            along = min(2 * along, 2 - 2 * along)
        return round((along if person == 0 else 1 - along) * (self.width - width))

    def __call__(self, people: Sequence[Sequence[np.ndarray]]) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        """Yields the frames."""
        for frame in range(self.frames):
            canvas = np.full((self.height, self.width, 3), GRAY, np.uint8)
            for person in (1 - self.front, self.front):
                image = there_and_back(people[person], frame)
                height, width = image.shape[:2]
                left, top = self.left(person, frame, width), (self.height - height) // 2
                place = canvas[top : top + height, left : left + width]
                np.copyto(place, image, where=_oval(height, width) if self.oval else True)
            yield canvas

    def box(self, person: int, frame: int, image_shape: tuple[int, ...], own: Box) -> Box:
        """The box on the canvas of a face whose box in the pasted part is `own`."""
        height, width = image_shape[:2]
        return (own[0] + self.left(person, frame, width), own[1] + (self.height - height) // 2, own[2], own[3])


def load_people(folder: pathlib.Path, frames: int = FRAMES) -> list[list[np.ndarray]]:
    """Reads the parts of the videos that are pasted."""
    people = []
    for name, ((left, top, right, bottom), scale) in PEOPLE.items():
        with av.open(str(folder / name)) as container:
            images = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
            parts = (image[top:bottom, left:right] for image in itertools.islice(images, frames))
            people.append([cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for part in parts])
    return people


def there_and_back(items: Sequence, place: int) -> object:
    """The item at a place of the endless sequence that runs to the end and back."""
    period = 2 * (len(items) - 1)
    place %= period
    return items[min(place, period - place)]


def _oval(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (((x - width / 2) / (0.42 * width)) ** 2 + ((y - height / 2) / (0.49 * height)) ** 2 <= 1)[..., None]
