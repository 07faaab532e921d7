"""From frames to rows, in order and in bounded memory: finds the face, crops it, and runs the network in batches."""

import collections
import dataclasses
from collections.abc import Iterable, Iterator

from affect_jax.ops.geometry import crop_name
from affect_jax.predict.crops import Faces, Finder
from affect_jax.predict.predictor import Predictor, Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.predict.windows import make_runner
from affect_jax.tables.schema import Schema

MAX_WAITING_BATCHES = 4  # a partial batch of a static network is run once this many batches of rows are waiting
MAX_WAITING_BYTES = 2**28  # or, if images are kept, once the waiting ones take up this much memory


def make_schema(predictor: Predictor, whole_frame: bool) -> Schema:
    """The schema of a table predicted by this network."""
    return Schema(
        model=predictor.name,
        crop=crop_name(predictor.crop_px, None if whole_frame else predictor.crop),
        crop_px=predictor.crop_px,
        label_set=predictor.label_set,
        quantities=predictor.quantities,
        boxes=True,
    )


def estimate(
    predictor: Predictor,
    frames: Iterable[Frame],
    finder: Finder | None,
    connected: bool = True,
    keep_images: bool = False,
    step_seconds: float = 0.0,
) -> Iterator[tuple[Frame, Row]]:
    """Yields each frame with its row, in order.

    Args:
      predictor: the network.
      frames: in order.
      finder: finds the face; if None, each frame is treated as a face crop.
      connected: whether the frames form a video; if not, nothing is carried from one frame to the next.
      keep_images: whether the yielded frames keep their images. With a clip network, frames wait until their windows
        are full, so images are only kept if needed.
      step_seconds: usual time between two frames.

    The state of a clip network ends where `Continuity` says so; frames without a face are skipped, as in evaluation.
    """
    network = make_runner(predictor)
    waiting = _Waiting(keep_images)
    faces = Faces(predictor, finder, step_seconds)
    for frame in frames:
        if not connected:
            faces.forget()
        row, begins = faces.find(frame)
        waiting.put(frame, row)
        if predictor.frames is not None and (begins or not connected):
            waiting.answer(network.flush())
        if row.crop is not None:
            waiting.answer(network.push(row.crop))
        if predictor.frames is None and waiting.is_long(predictor.batch):
            waiting.answer(network.flush())
        yield from waiting.ready()
    waiting.answer(network.flush())
    yield from waiting.ready()


class _Waiting:
    """A queue of frames and rows; those with a crop wait for the network's values."""

    def __init__(self, keep_images: bool):
        self._keep_images = keep_images
        self._queue: collections.deque[tuple[Frame, Row]] = collections.deque()
        self._values: collections.deque[Values] = collections.deque()

    def put(self, frame: Frame, row: Row) -> None:
        if not self._keep_images:
            frame = dataclasses.replace(frame, image=None)
        self._queue.append((frame, row))

    def answer(self, values: list[Values]) -> None:
        """Adds the values of the next frames with a crop."""
        self._values.extend(values)

    def is_long(self, batch: int) -> bool:
        """Whether the network should run although its batch is not full."""
        if len(self._queue) > MAX_WAITING_BATCHES * batch:
            return True
        return self._keep_images and sum(frame.image.nbytes for frame, _ in self._queue) > MAX_WAITING_BYTES

    def ready(self) -> Iterator[tuple[Frame, Row]]:
        """Yields the entries at the head of the queue that are complete."""
        while self._queue and (self._queue[0][1].crop is None or self._values):
            frame, row = self._queue.popleft()
            if row.crop is not None:
                row = dataclasses.replace(row, values=self._values.popleft())
            yield frame, row
