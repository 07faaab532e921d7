"""Intensity of an emotion, from 0 (not shown) to 10 (as strongly as this person shows it)."""

import dataclasses
from collections.abc import Sequence
from types import MappingProxyType

import jax
import numpy as np
from jaxtyping import Float, Int

from affect_jax.metrics.agreement import ROUNDING, icc, pcc
from affect_jax.metrics.confusion import ConfusionMatrix
from affect_jax.metrics.moments import PairMoments
from affect_jax.metrics.ordinal import WITHIN, quadratic_weighted_kappa, within
from affect_jax.metrics.state import Mergeable
from affect_jax.quantities.quantity import Quantity
from affect_jax.types import ArrayLike, Label

HIGHEST = 10
CLASSES = HIGHEST + 1  # heads with as many outputs classify
THRESHOLDS = HIGHEST  # heads with as many outputs say how probable it is that the intensity exceeds 0, 1, .. 9
REGRESSION = 1  # heads with one output give the intensity in tenths
CORRELATIONS = ("kappa", "icc", "pcc")  # undefined for a constant label


def nearest_class(intensity: Float[ArrayLike, "*batch"]) -> Int[ArrayLike, "*batch"]:
    """The class 0 to 10 that is nearest; halves belong to the class above.

    NumPy's own rounding to even would make odd classes smaller than even ones.
    """
    xp = intensity.__array_namespace__()
    return xp.clip(xp.floor(intensity + 0.5), 0, HIGHEST).astype(int)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class IntensityState(Mergeable):
    """Counts of (label, predicted) classes, moments of the unrounded pairs, and the sum of absolute errors."""

    classes: ConfusionMatrix
    moments: PairMoments
    absolute_error: Float[ArrayLike, "*state"]

    @classmethod
    def stack(cls, states: Sequence["IntensityState"]) -> "IntensityState":
        """Stacks states along a new first axis, on the host."""
        return cls(
            ConfusionMatrix.stack([state.classes for state in states]),
            PairMoments.stack([state.moments for state in states]),
            np.stack([np.asarray(state.absolute_error, np.float64) for state in states]),
        )

    def total(self, times: Float[np.ndarray, "state"] | None = None) -> "IntensityState":
        """Merges stacked states, each counted `times` times (once if None)."""
        counted = self.absolute_error if times is None else self.absolute_error * times
        return IntensityState(self.classes.total(times), self.moments.total(times), np.asarray(counted.sum()))


@dataclasses.dataclass(frozen=True)
class Intensity(Quantity):
    """Labels are intensities in [0, 10], not rounded; reported values are so, too. Scores compare nearest classes.

    Raw outputs are those of one of three heads, by the size of their last axis: logits of the classes 0 to 10, logits
    of the intensity exceeding 0, 1, .. 9 (ordinal), or the intensity in tenths (regression). Source of the scale and
    the scores: Ouyang et al. (emotion intensity from video); the ordinal head: Cao, Mirjalili and Raschka, Pattern
    Recognition Letters 140, 2020.
    """

    emotion: str

    mirrored = False
    rated = False
    charted = True
    limits = (0.0, float(HIGHEST))
    class_edges = tuple(place - 0.5 for place in range(CLASSES + 1))  # those of `nearest_class`
    between = range(3, 8)
    caption = f"intensity, 0 to {HIGHEST}"
    digits = 1
    color = "emotion"
    min_labels = 2

    @property
    def name(self) -> str:
        """ "intensity_happy" and so on."""
        return f"intensity_{self.emotion}"

    @property
    def description(self) -> str:
        """In words."""
        return f"intensity of '{self.emotion}' in [0, 10]"

    @property
    def title(self) -> str:
        """ "happy intensity" and so on."""
        return f"{self.emotion} intensity"

    @property
    def headline(self) -> MappingProxyType:
        """Agreement within two labels, weighted kappa and ICC."""
        titles = {"within_2": "within 2", "kappa": "weighted kappa", "icc": "ICC"}
        return MappingProxyType({f"{score}/{self.name}": f"{self.title} {title}" for score, title in titles.items()})

    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """(1,)."""
        del label_set
        return (1,)

    def level(self, value: Float[np.ndarray, "*batch 1"]) -> Int[np.ndarray, "*batch"]:
        """The nearest class."""
        return nearest_class(value[..., 0])

    def report(self, output: Float[ArrayLike, "*batch output"], crop_px: int) -> Float[ArrayLike, "*batch 1"]:
        """The mean of the distribution over classes, or ten times the regression, clipped to [0, 10].

        The mean, because the class that is most probable jumps from one end to the other where both are likely. The
        paper takes the most probable class.
        """
        del crop_px
        xp = output.__array_namespace__()
        outputs = output.shape[-1]
        if outputs == CLASSES:
            exponentials = xp.exp(output - output.max(-1, keepdims=True))
            classes = xp.broadcast_to(xp.arange(CLASSES, dtype=output.dtype), output.shape)
            value = (exponentials * classes).sum(-1) / exponentials.sum(-1)
        elif outputs == THRESHOLDS:
            value = (1 / (1 + xp.exp(-xp.clip(output, -60, 60)))).sum(-1)
        elif outputs == REGRESSION:
            value = HIGHEST * output[..., 0]
        else:
            raise ValueError(
                f"a head for {self.name} has {outputs} outputs; expected {CLASSES} (classes), {THRESHOLDS} (ordinal) "
                f"or {REGRESSION} (regression)"
            )
        return xp.clip(value, 0, HIGHEST)[..., None]

    def columns(self, label_set: str) -> tuple[str, ...]:
        """The name of the quantity."""
        del label_set
        return (self.name,)

    def component_names(self, label_set: str) -> tuple[str, ...]:
        """The emotion."""
        del label_set
        return (self.emotion,)

    def state(self, value: Float[ArrayLike, "*batch 1"], label: Label, crop_px: int) -> IntensityState:
        """Counts of nearest classes, and moments and absolute errors of the values themselves."""
        del crop_px
        xp = value.__array_namespace__()
        known = label.weight > 0
        expected = xp.where(known, label.value[..., 0], 0)
        predicted = xp.where(known, value[..., 0], 0)
        return IntensityState(
            ConfusionMatrix.of(nearest_class(predicted), nearest_class(expected), label.weight, CLASSES),
            PairMoments.of(value, label.value, label.weight),
            (xp.abs(predicted - expected) * xp.where(known, label.weight, 0)).sum(),
        )

    def scores(self, state: IntensityState) -> dict[str, float]:
        """Exact and nearly exact classes, quadratic weighted kappa, ICC(3,1), PCC and mean absolute error."""
        count = float(state.moments.count)
        if not count:
            return {}
        found = {"exact": within(state.classes, 0)}
        found |= {f"within_{apart}": within(state.classes, apart) for apart in WITHIN}
        found["mae"] = float(state.absolute_error) / count
        if count > 1:
            found["kappa"] = quadratic_weighted_kappa(state.classes)
            found |= {"icc": float(icc(state.moments)[0]), "pcc": float(pcc(state.moments)[0])}
        return {f"{score}/{self.name}": value for score, value in found.items()}

    def uninformative_scores(self, state: IntensityState) -> set[str]:
        """Those that compare changes, if the label does not change."""
        if state.moments.scatter[1, 1, 0] > ROUNDING * float(state.moments.count):
            return set()
        return {f"{score}/{self.name}" for score in CORRELATIONS}
