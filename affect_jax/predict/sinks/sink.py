"""Sinks of a recording, all fed in one pass."""

import contextlib
import pathlib
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

from tqdm import tqdm

from affect_jax.predict.result import Result, Stopped
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame


@runtime_checkable
class Sink(Protocol):
    """A context manager that takes each frame of a recording with its rows, in order.

    Its files get their final names when it exits; after an error, incomplete files do not.
    """

    needs_images: bool  # whether `write` uses the pixels of a frame
    files: list[pathlib.Path]  # completed files
    problems: list[str]  # errors that did not end the pass, one sentence each

    def __enter__(self) -> "Sink": ...

    def write(self, frame: Frame, rows: Sequence[Row]) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def feed(
    sinks: Sequence[Sink],
    sightings: Iterable[tuple[Frame, Sequence[Row]]],
    title: str,
    expected: int | None,
    unit: str = "frame",
    stopping: Callable[[], bool] = lambda: False,
) -> Result:
    """Writes every frame with its rows to all sinks and closes them.

    Args:
      sinks: in the order in which they are closed.
      sightings: every frame with its rows, in order.
      title: title of the progress bar.
      expected: number of frames, for the progress bar; None if unknown.
      unit: what a frame is called by the progress bar.
      stopping: asked after each frame whether to stop; then Stopped is raised.
    """
    result = Result()
    with contextlib.ExitStack() as stack:
        # The last one entered exits first, so errors while closing the others do not affect its file.
        for sink in reversed(sinks):
            stack.enter_context(sink)
        for frame, rows in tqdm(sightings, title, expected, unit=unit, leave=False):
            result.frames += 1
            result.frames_with_face += any(row.values is not None for row in rows)
            result.rows += len(rows)
            for sink in sinks:
                sink.write(frame, rows)
            if stopping():
                raise Stopped(f"{title}: stopped behind {result.frames} {unit}s")
    for sink in sinks:
        result.files += sink.files
        result.problems += sink.problems
    return result
