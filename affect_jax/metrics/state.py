"""What all mergeable states have in common."""

import abc
import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


class Mergeable(abc.ABC):
    """A frozen dataclass of arrays that sums up a set of examples; two of them make the state of both sets.

    States are made on the device in float32, or on the host in float64; they are merged on the host in float64.
    """

    @classmethod
    def stack(cls, states: Sequence["Mergeable"]) -> "Mergeable":
        """`states` side by side along a new first axis, on the host."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.stack([np.asarray(getattr(state, name), np.float64) for state in states]) for name in names))

    @abc.abstractmethod
    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "Mergeable":
        """One state out of stacked ones, each counted `times` (once if None)."""

    def merge(self, other: "Mergeable") -> "Mergeable":
        """The state of the examples of both."""
        return self.stack([self, other]).total()


def weighted_sum(values: Float[np.ndarray, "state ..."], times: Float[np.ndarray, "state"] | None) -> np.ndarray:
    """Sum over the first axis; `times` None counts everything once."""
    return np.asarray(values.sum(0) if times is None else np.tensordot(times, values, 1))
