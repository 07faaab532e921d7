"""What is asked of a prediction beside its network and its input."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from affect_jax.predict.ids import Ids
from affect_jax.tables.export import Export


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices that hold for all files of a command."""

    overlay: bool = False  # whether images of faces are written: overlays, and the crops of the plot
    include: tuple[str, ...] = ()  # optional groups of columns; see `tables/groups.py`
    export: Export = dataclasses.field(default_factory=Export)
    ids: Ids = dataclasses.field(default_factory=Ids)
    origin: Mapping[str, object] = dataclasses.field(default_factory=dict)  # what else rows depend on
    stopping: Callable[[], bool] = lambda: False  # whether to stop at the next frame, to be continued

    def request(self, source: str) -> dict[str, Any]:
        """What an unfinished table belongs to; `source` identifies the input."""
        chosen = {"overlay": self.overlay, "include": self.include, "ids": self.ids.scheme}
        return {**self.origin, "input": source, **chosen, **dataclasses.asdict(self.export)}
