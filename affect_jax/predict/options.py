"""What is asked of a prediction beside its network and its input."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from affect_jax.predict.cast import Cast
from affect_jax.predict.ids import Ids
from affect_jax.predict.persons import Persons
from affect_jax.tables.export import Export


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices that hold for all files of a command."""

    overlay: bool = False  # whether images of faces are written: overlays, and the crops of the plot
    include: tuple[str, ...] = ()  # optional groups of columns; see `tables/groups.py`
    export: Export = dataclasses.field(default_factory=Export)
    ids: Ids = dataclasses.field(default_factory=Ids)
    persons: Persons = dataclasses.field(default_factory=Persons)  # whose adapters are used
    origin: Mapping[str, object] = dataclasses.field(default_factory=dict)  # what else rows depend on
    stopping: Callable[[], bool] = lambda: False  # whether to stop at the next frame, to be continued

    def request(self, source: str) -> dict[str, Any]:
        """What an unfinished table belongs to; `source` identifies the input."""
        chosen = {"overlay": self.overlay, "include": self.include, "ids": self.ids.scheme}
        if self.persons.people:
            chosen["persons"] = self.persons.digest
        return {**self.origin, "input": source, **chosen, **dataclasses.asdict(self.export)}

    def cast(self, paths: Iterable[pathlib.Path]) -> Cast:
        """Who is who in these files; ValueError for one whose name begins with the names of several persons."""
        return Cast(self.persons, {self.ids.source(path): path.stem for path in paths})
