"""Valence and arousal: the axes of the circumplex, in [-1, 1]."""

import dataclasses
from types import MappingProxyType

from jaxtyping import Float

from affect_jax.metrics.agreement import DIMENSIONS, affect_scores, constant_label_scores
from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.quantity import Quantity
from affect_jax.types import ArrayLike, Label

VALENCE, AROUSAL = 0, 1  # index on the last axis, in the order of DIMENSIONS


@dataclasses.dataclass(frozen=True)
class ValenceArousal(Quantity):
    """Labels are (valence, arousal); raw outputs are linear, and reported values are clipped to [-1, 1].

    Source of clipping and mirror averaging: the published evaluation of Toisoul et al., Nature Machine Intelligence
    3, 2021.
    """

    name = "valence_arousal"
    description = "valence and arousal in [-1, 1]"
    traced = True
    mirrored = True
    headline = MappingProxyType(
        {
            "ccc/valence": "valence CCC",
            "ccc/arousal": "arousal CCC",
            "ccc/mean": "mean CCC",
            "rmse/valence": "valence RMSE",
            "rmse/arousal": "arousal RMSE",
            "sagr/valence": "valence SAGR",
            "sagr/arousal": "arousal SAGR",
        }
    )
    min_labels = 2

    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """(2,)."""
        del label_set
        return (len(DIMENSIONS),)

    def report(self, output: Float[ArrayLike, "*batch 2"], crop_px: int) -> Float[ArrayLike, "*batch 2"]:
        """Clipped to [-1, 1]."""
        del crop_px
        return output.__array_namespace__().clip(output, -1, 1)

    def average_mirrored(self, output: ArrayLike, mirrored: ArrayLike) -> ArrayLike:
        """The mean of the two outputs."""
        return (output + mirrored) / 2

    def columns(self, label_set: str) -> tuple[str, ...]:
        """ "valence" and "arousal"."""
        del label_set
        return DIMENSIONS

    def state(self, value: Float[ArrayLike, "*batch 2"], label: Label, crop_px: int) -> PairMoments:
        """Moments of the (prediction, label) pairs."""
        del crop_px
        return PairMoments.of(value, label.value, label.weight)

    def scores(self, state: PairMoments) -> dict[str, float]:
        """CCC, PCC, RMSE, SAGR and ICC of each dimension, and their means."""
        return affect_scores(state)

    def uninformative_scores(self, state: PairMoments) -> set[str]:
        """Correlations with a constant label."""
        return constant_label_scores(state)
