"""Scores of discrete emotions from a mergeable confusion matrix."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float, Int

from affect_jax.metrics.state import Mergeable, weighted_sum
from affect_jax.types import ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ConfusionMatrix(Mergeable):
    """Total weight of the examples of each label (row) predicted as each emotion (column)."""

    counts: Float[ArrayLike, "*state emotion emotion"]

    @classmethod
    def of(
        cls,
        predicted: Int[ArrayLike, "*batch"],
        label: Int[ArrayLike, "*batch"],
        weight: Float[ArrayLike, "*batch"],
        emotions: int,
    ) -> "ConfusionMatrix":
        """Counts of a batch; rows of weight 0 are ignored, whatever they contain."""
        xp = predicted.__array_namespace__()
        predicted, label, weight = (values.reshape(-1, 1) for values in (predicted, label, weight))
        column = predicted == xp.arange(emotions)[None]
        rows = [xp.where((weight > 0) & column & (label == emotion), weight, 0).sum(0) for emotion in range(emotions)]
        return cls(xp.stack(rows))

    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "ConfusionMatrix":
        """Sums stacked states, each counted `times` times (once if None)."""
        return ConfusionMatrix(weighted_sum(self.counts, times))


def recall(matrix: ConfusionMatrix) -> Float[np.ndarray, "emotion"]:
    """Fraction of the examples of each emotion predicted correctly; NaN for emotions without examples."""
    counts = np.float64(matrix.counts)
    examples = counts.sum(1)
    return np.where(examples > 0, np.diag(counts) / np.where(examples > 0, examples, 1), np.nan)


def f1(matrix: ConfusionMatrix) -> Float[np.ndarray, "emotion"]:
    """Harmonic mean of recall and precision of each emotion; NaN for emotions without examples."""
    counts = np.float64(matrix.counts)
    examples = counts.sum(1)
    return np.where(examples > 0, 2 * np.diag(counts) / np.where(examples > 0, examples + counts.sum(0), 1), np.nan)


def emotion_scores(matrix: ConfusionMatrix) -> dict[str, float]:
    """Accuracy, and the means over the emotions that have examples; {} without examples.

    Emotions without labels are excluded from `balanced_accuracy` and `macro_f1`, because a network with eight classes
    may be evaluated on five; predicting one of them still counts as an error for the labeled emotion.
    """
    counts = np.float64(matrix.counts)
    if counts.sum() == 0:
        return {}
    return {
        "accuracy": float(np.trace(counts) / counts.sum()),
        "balanced_accuracy": float(np.nanmean(recall(matrix))),
        "macro_f1": float(np.nanmean(f1(matrix))),
    }
