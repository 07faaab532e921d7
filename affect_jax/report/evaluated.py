"""What a report is made of."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from affect_jax.tables.rows import Rows

Captioned = tuple[pathlib.Path, str]  # a PNG and what it shows


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """A run and its evaluation."""

    name: str
    summary: Mapping[str, Any]  # as in summary.json
    rows: Rows
    metrics: pathlib.Path  # metrics.jsonl of the run, which may be missing


class Section(Protocol):
    """Draws its plots of these runs into a folder; none where it has nothing to show.

    The first run is the one to compare with, the last the one that the report is about.
    """

    def __call__(self, runs: Sequence[Evaluated], folder: pathlib.Path) -> list[Captioned]: ...
