"""One pass over a recording feeds all of its sinks."""

import contextlib
import pathlib
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol, runtime_checkable

from tqdm import tqdm

from affect_jax.predict.result import Result
from affect_jax.predict.row import Row
from affect_jax.predict.sources import Frame


@runtime_checkable
class Sink(Protocol):
    """Takes each frame of a recording with its row, in order.

    Entering it makes it ready. Leaving it gives its files their names; after an error, nothing unfinished bears one.
    """

    needs_images: bool  # whether `write` looks at the pixels of a frame
    files: list[pathlib.Path]  # those that are finished
    problems: list[str]  # what went wrong without ending the pass, one sentence each

    def __enter__(self) -> "Sink": ...

    def write(self, frame: Frame, row: Row) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def feed(
    sinks: Sequence[Sink], rows: Iterable[tuple[Frame, Row]], title: str, expected: int | None, unit: str = "frame"
) -> Result:
    """Hands every row to all sinks and closes them.

    Args:
      sinks: the first one is closed first.
      rows: every frame with its row, in order.
      title: of the progress bar.
      expected: number of rows, for the progress bar; None where it is not known.
      unit: what a row stands for, for the progress bar.
    """
    result = Result()
    with contextlib.ExitStack() as stack:
        # The last one entered is the first one left: an error while the others are closed does not undo its file.
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
