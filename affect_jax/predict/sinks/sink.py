"""Sinks of a recording, all fed in one pass."""

import contextlib
import pathlib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

from tqdm import tqdm

from affect_jax.predict.result import Result
from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame


@runtime_checkable
class Sink(Protocol):
    """A context manager that takes each frame of a recording with its row, in order.

    Its files get their final names when it exits; after an error, incomplete files do not.
    """

    needs_images: bool  # whether `write` uses the pixels of a frame
    files: list[pathlib.Path]  # completed files
    problems: list[str]  # errors that did not end the pass, one sentence each

    def __enter__(self) -> "Sink": ...

    def write(self, frame: Frame, row: Row) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def feed(
    sinks: Sequence[Sink], rows: Iterable[tuple[Frame, Row]], title: str, expected: int | None, unit: str = "frame"
) -> Result:
    """Writes every row to all sinks and closes them.

    Args:
      sinks: in the order in which they are closed.
      rows: every frame with its row, in order.
      title: title of the progress bar.
      expected: number of rows, for the progress bar; None if unknown.
      unit: what a row represents, for the progress bar.
    """
    result = Result()
    with contextlib.ExitStack() as stack:
        # The last one entered exits first, so errors while closing the others do not affect its file.
        for sink in reversed(sinks):
            stack.enter_context(sink)
        for frame, row in tqdm(rows, title, expected, unit=unit, leave=False):
            result.frames += 1
            result.frames_with_face += row.values is not None
            for sink in sinks:
                sink.write(frame, row)
    for sink in sinks:
        result.files += sink.files
        result.problems += sink.problems
    return result
