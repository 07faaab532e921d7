"""From frames to rows, in order and in bounded memory: finds the faces, crops them, and runs the network in batches."""

import collections
import contextlib
import dataclasses
from collections.abc import Callable, Generator, Iterable, Iterator

from affect_jax.ops.geometry import crop_name
from affect_jax.predict.ahead import ahead
from affect_jax.predict.crops import Faces, Tracks
from affect_jax.predict.memories import Memories, Pending
from affect_jax.predict.predictor import Predictor, Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame
from affect_jax.tables.schema import Schema

MAX_WAITING_BATCHES = 4  # a partial batch of a static network is run once this many batches of rows are waiting
MAX_WAITING_BYTES = 2**28  # or, if images are kept, once the waiting ones take up this much memory
DECODED_AHEAD, FOUND_AHEAD = 2, 4  # frames that wait between decoding, face finding and the network

Sighting = tuple[Frame, list[Row]]  # a frame with a row for each face, or one without a face


def make_schema(predictor: Predictor, whole_frame: bool, include: tuple[str, ...] = ()) -> Schema:
    """The schema of a table predicted by this network."""
    return Schema(
        model=predictor.name,
        crop=crop_name(predictor.crop_px, None if whole_frame else predictor.crop),
        crop_px=predictor.crop_px,
        label_set=predictor.label_set,
        quantities=predictor.quantities,
        boxes=True,
        include=include,
        network_sha256=predictor.network_sha256,
    )


def estimate(
    predictor: Predictor,
    frames: Iterable[Frame],
    tracks: Tracks | None,
    connected: bool = True,
    keep_images: bool = False,
    step_seconds: float = 0.0,
    known: Callable[[], Values | None] = lambda: None,
    cast: Callable[[list[Row]], list[Row]] = lambda rows: rows,
) -> Generator[Sighting, None, None]:
    """Yields each frame with its rows, in order. Close the generator before what `frames` reads from.

    Args:
      predictor: the network.
      frames: in order; read in another thread, and faces are found in a third one.
      tracks: finds the faces; if None, each frame is treated as a face crop.
      connected: whether the frames form a video; if not, nothing is carried from one frame to the next.
      keep_images: whether the yielded frames keep their images. With a clip network, frames wait until their windows
        are full, so images are only kept if needed.
      step_seconds: usual time between two frames.
      known: returns the values of the next row, if they are known from an earlier run; they are not computed then.
      cast: returns the rows of a frame with their persons, whose adapters are then used.
    """
    memories = Memories(predictor, step_seconds)
    waiting = _Waiting(keep_images)
    faces = Faces(predictor, tracks, step_seconds)
    with contextlib.closing(ahead(frames, DECODED_AHEAD)) as decoded:
        found = ahead(_find(faces, decoded, connected, keep_images), FOUND_AHEAD)
        with contextlib.closing(found):
            for frame, rows in found:
                memories.begin(frame, connected)
                for pending in waiting.put(frame, cast(rows), known):
                    memories.push(pending)
                if predictor.frames is None and waiting.is_long(predictor.batch):
                    memories.flush()
                yield from waiting.ready()
    memories.flush()
    yield from waiting.ready()


def _find(faces: Faces, frames: Iterable[Frame], connected: bool, keep_images: bool) -> Iterator[Sighting]:
    for frame in frames:
        if not connected:
            faces.forget()
        rows = faces.find(frame)
        yield frame if keep_images else dataclasses.replace(frame, image=None), rows


class _Waiting:
    """A queue of frames and rows; those with a crop wait for the network's values."""

    def __init__(self, keep_images: bool):
        self._keep_images = keep_images
        self._queue: collections.deque[tuple[Frame, list[Pending]]] = collections.deque()

    def put(self, frame: Frame, rows: list[Row], known: Callable[[], Values | None]) -> list[Pending]:
        """Adds a frame; returns its rows that need the network."""
        pending = [Pending(row, known()) for row in rows]
        self._queue.append((frame, pending))
        return [each for each in pending if each.row.crop is not None]

    def is_long(self, batch: int) -> bool:
        """Whether the network should run although its batch is not full."""
        if len(self._queue) > MAX_WAITING_BATCHES * batch:
            return True
        return self._keep_images and sum(frame.image.nbytes for frame, _ in self._queue) > MAX_WAITING_BYTES

    def ready(self) -> Iterator[Sighting]:
        """Yields the entries at the head of the queue that are complete."""
        while self._queue and all(pending.is_ready for pending in self._queue[0][1]):
            frame, rows = self._queue.popleft()
            yield frame, [pending.complete() for pending in rows]
