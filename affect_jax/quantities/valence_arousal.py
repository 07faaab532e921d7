"""Valence and arousal: the axes of the circumplex, in [-1, 1]."""

import dataclasses
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Int

from affect_jax.metrics.agreement import DIMENSIONS, affect_scores, constant_label_scores
from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.quantity import Quantity
from affect_jax.types import ArrayLike, Label

VALENCE, AROUSAL = 0, 1  # index on the last axis, in the order of DIMENSIONS
# Of the circumplex, counterclockwise; high arousal and positive valence include 0
QUADRANTS = (
    "positive_valence_high_arousal",
    "negative_valence_high_arousal",
    "negative_valence_low_arousal",
    "positive_valence_low_arousal",
)


def quadrant(valence_arousal: Float[np.ndarray, "*batch 2"]) -> Int[np.ndarray, "*batch"]:
    """The place in `QUADRANTS`."""
    positive = valence_arousal[..., VALENCE] >= 0
    high = valence_arousal[..., AROUSAL] >= 0
    return np.where(high, np.where(positive, 0, 1), np.where(positive, 3, 2))


@dataclasses.dataclass(frozen=True)
class ValenceArousal(Quantity):
    """Labels are (valence, arousal); raw outputs are linear, and reported values are clipped to [-1, 1].

    Source of clipping and mirror averaging: the published evaluation of Toisoul et al., Nature Machine Intelligence
    3, 2021.
    """

    name = "valence_arousal"
    description = "valence and arousal in [-1, 1]"
    traced = True
    charted = True
    title = "valence and arousal"
    limits = (-1.0, 1.0)
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

    def summarize(
        self, values: Float[np.ndarray, "row 2"], seconds: Float[np.ndarray, "row"], label_set: str
    ) -> dict[str, float | str]:
        """Mean, standard deviation, minimum and maximum over frames, and the share of time in each quadrant."""
        time = np.bincount(quadrant(values), weights=seconds, minlength=len(QUADRANTS))
        shares = time / time.sum() if time.sum() > 0 else np.full(len(QUADRANTS), np.nan)
        named = {f"time_share_{name}": share for name, share in zip(QUADRANTS, shares.tolist(), strict=True)}
        return {**super().summarize(values, seconds, label_set), **named}

    def state(self, value: Float[ArrayLike, "*batch 2"], label: Label, crop_px: int) -> PairMoments:
        """Moments of the (prediction, label) pairs."""
        del crop_px
        return PairMoments.of(value, label.value, label.weight)

    def scores(self, state: PairMoments) -> dict[str, float]:
        """CCC, PCC, RMSE, SAGR, ICC(3,1) and ICC(2,1) of each dimension, and their means."""
        return affect_scores(state)

    def uninformative_scores(self, state: PairMoments) -> set[str]:
        """Correlations with a constant label."""
        return constant_label_scores(state)
