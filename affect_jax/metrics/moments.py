"""Mergeable moments of (prediction, label) pairs, from which all scores of a continuous quantity are computed.

Moments are centered, because raw sums of squares would lose precision for labels that barely vary.
"""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float

from affect_jax.metrics.state import Mergeable, weighted_sum
from affect_jax.types import ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class PairMoments(Mergeable):
    """Weighted count, means, centered second moments and sign agreement of (prediction, label) pairs."""

    count: Float[ArrayLike, "*state"]
    mean: Float[ArrayLike, "*state 2 dimension"]  # of the prediction, of the label
    scatter: Float[ArrayLike, "*state 2 2 dimension"]  # sums of products about the means
    agreeing: Float[ArrayLike, "*state dimension"]  # weight of the pairs with equal `np.sign`

    @classmethod
    def of(
        cls,
        predicted: Float[ArrayLike, "*batch dimension"],
        label: Float[ArrayLike, "*batch dimension"],
        weight: Float[ArrayLike, "*batch"],
    ) -> "PairMoments":
        """Moments over all rows; rows of weight 0 are ignored, whatever they contain.

        Uses sums of products rather than `einsum`, because the matrix units of accelerators round their inputs.
        """
        xp = predicted.__array_namespace__()
        weight = weight.reshape(-1, 1)
        pairs = [xp.where(weight > 0, values.reshape(-1, values.shape[-1]), 0) for values in (predicted, label)]
        count = xp.asarray(weight.sum())
        total = xp.where(count > 0, count, 1)
        means = [(values * weight).sum(0) / total for values in pairs]
        centered = [values - mean[None] for values, mean in zip(pairs, means, strict=True)]
        scatter = [[(weight * one * other).sum(0) for other in centered] for one in centered]
        agreeing = (weight * (xp.sign(pairs[0]) == xp.sign(pairs[1])).astype(weight.dtype)).sum(0)
        return cls(count, xp.stack(means), xp.stack([xp.stack(row) for row in scatter]), agreeing)

    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "PairMoments":
        """Merges stacked states, each counted `times` times (once if None)."""
        counts = self.count if times is None else self.count * times
        mean = np.tensordot(counts, self.mean, 1) / (counts.sum() or 1)
        offset = self.mean - mean
        between = np.einsum("s,spd,sqd->pqd", counts, offset, offset)
        scatter = weighted_sum(self.scatter, times) + between
        return PairMoments(np.asarray(counts.sum()), mean, scatter, weighted_sum(self.agreeing, times))
