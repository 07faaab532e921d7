"""The evaluated runs and sections that make up a report."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from affect_jax.tables.rows import Rows

CaptionedPlot = tuple[pathlib.Path, str]  # a PNG and its caption


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """A run and its evaluation."""

    name: str
    summary: Mapping[str, Any]  # as in summary.json
    rows: Rows
    metrics: pathlib.Path  # metrics.jsonl of the run; may be missing


class Section(Protocol):
    """Draws its plots of these runs into a folder; none if they do not apply.

    The first run is the baseline; the last run is the subject of the report.
    """

    def __call__(self, runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]: ...
