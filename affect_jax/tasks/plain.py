"""What a task does by default: it suits every network, and carries nothing from step to step."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.types import TaskVariables


class PlainTask:
    """Base of tasks without emotions, variables and demands on the network; a task overrides what it has."""

    one_per_subject = False  # whether the data need one subject for each expert of the network

    def with_class_weights(self, frequency: Float[np.ndarray, "emotion"], emotions: Sequence[str]) -> "PlainTask":
        """The task unchanged: it does not use emotions."""
        del frequency, emotions
        return self

    def require(self, predicts: Sequence[str], frames: int, experts: int = 0) -> None:
        """Images and clips serve alike."""
        del predicts, frames, experts

    def initial(self) -> TaskVariables:
        """No variables: nothing is carried from step to step."""
        return TaskVariables()
