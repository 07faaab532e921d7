"""The interface of mergeable states."""

import abc
import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


class Mergeable(abc.ABC):
    """A frozen dataclass of arrays that summarizes a set of examples and can be merged with others.

    States are computed on the device in float32 or on the host in float64, and merged on the host in float64.
    """

    @classmethod
    def stack(cls, states: Sequence["Mergeable"]) -> "Mergeable":
        """Stacks states along a new first axis, on the host."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(*(np.stack([np.asarray(getattr(state, name), np.float64) for state in states]) for name in names))

    @abc.abstractmethod
    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "Mergeable":
        """Merges stacked states into one, each counted `times` times (once if None)."""

    def merge(self, other: "Mergeable") -> "Mergeable":
        """Returns the state of both sets of examples."""
        return self.stack([self, other]).total()


def weighted_sum(values: Float[np.ndarray, "state ..."], times: Float[np.ndarray, "state"] | None) -> np.ndarray:
    """Weighted sum over the first axis; `times` None counts every entry once."""
    return np.asarray(values.sum(0) if times is None else np.tensordot(times, values, 1))
