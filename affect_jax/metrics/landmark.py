"""Normalized mean error of landmarks."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float

from affect_jax.metrics.state import Mergeable, weighted_sum
from affect_jax.types import ArrayLike

OUTER_EYE_CORNERS = (36, 45)  # in the iBUG scheme


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LandmarkError(Mergeable):
    """Weighted sum of the normalized errors of faces, and the sum of the weights."""

    count: Float[ArrayLike, "*state"]
    error: Float[ArrayLike, "*state"]

    @classmethod
    def of(
        cls,
        predicted: Float[ArrayLike, "*batch 68 2"],
        label: Float[ArrayLike, "*batch 68 2"],
        present: Float[ArrayLike, "*batch 68"],
    ) -> "LandmarkError":
        """Mean error of the `present` landmarks of each face, divided by the distance between the outer eye corners.

        Source: the normalization of the 300-W challenge (Sagonas et al., Image and Vision Computing 47, 2016).
        """
        xp = predicted.__array_namespace__()
        shown = (present > 0)[..., None]
        difference = xp.where(shown, predicted - label, 0)
        left, right = OUTER_EYE_CORNERS
        span = label[..., left, :] - label[..., right, :]
        between_eyes = xp.sqrt((span**2).sum(-1))
        known = (present.sum(-1) > 0) & (between_eyes > 0)  # also False for NaN
        distance = xp.sqrt((difference**2).sum(-1)).sum(-1) / xp.where(known, present.sum(-1), 1)
        error = xp.where(known, distance, 0) / xp.where(known, between_eyes, 1)
        return cls(xp.asarray(known.astype(error.dtype).sum()), xp.asarray(error.sum()))

    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "LandmarkError":
        """Sums stacked states, each counted `times` times (once if None)."""
        return LandmarkError(weighted_sum(self.count, times), weighted_sum(self.error, times))


def landmark_scores(error: LandmarkError) -> dict[str, float]:
    """ "nme", the normalized mean error; {} without faces."""
    return {"nme": float(error.error) / float(error.count)} if float(error.count) else {}
