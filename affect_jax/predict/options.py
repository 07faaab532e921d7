"""What is asked of a prediction beside its network and its input."""

import dataclasses
from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class Options:
    """Choices that hold for all files of a command."""

    overlay: bool = False  # whether images of faces are written: overlays, and the crops of the plot
    origin: Mapping[str, object] = dataclasses.field(default_factory=dict)  # what else rows depend on: the checkpoint..
    stopping: Callable[[], bool] = lambda: False  # whether to stop at the next frame, to be continued
