"""Intensity of emotions, by a head for each of them."""

import dataclasses
from collections.abc import Collection, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.emotions import EMOTION_UNITS
from affect_jax.losses.categorical import cross_entropy
from affect_jax.losses.continuous import squared_error
from affect_jax.losses.ordinal import ordinal_cross_entropy
from affect_jax.losses.reduce import blank, weighted_mean
from affect_jax.quantities.intensity import CLASSES, HIGHEST, REGRESSION, THRESHOLDS, nearest_class
from affect_jax.tasks.labels import get_label
from affect_jax.tasks.plain import PlainTask
from affect_jax.types import Batch, Predictions

LOSS = "loss/"  # before the name of the quantity


@dataclasses.dataclass(frozen=True)
class IntensityConfig:
    """No options: the form of a head, which its size shows, determines the loss."""

    def idle(self, predicts: Collection[str], labeled: Collection[str]) -> dict[str, str]:
        """No option, so none without effect."""
        del predicts, labeled
        return {}


@dataclasses.dataclass(frozen=True)
class Intensity(PlainTask):
    """Every intensity that the network predicts, in the form of its head.

    Classes: cross-entropy with the nearest class. Ordinal: binary cross-entropies of its exceeding 0, 1, .. 9.
    Regression: squared error in tenths of the scale. Source of classes and regression: Ouyang et al. (emotion intensity
    from video), 3.3.
    """

    quantities = tuple(f"intensity_{emotion}" for emotion in EMOTION_UNITS)  # evaluated if the network predicts them

    config: IntensityConfig

    def terms(
        self,
        predictions: Predictions,
        batch: Batch,
        memory: None = None,
        teacher_predictions: Predictions | None = None,
    ) -> tuple[dict[str, Float[Array, ""]], None]:
        """The mean loss of each intensity over the frames with a label; 0 without any."""
        del memory, teacher_predictions
        found = {}
        for name in self.quantities:
            if name in predictions:
                outputs = predictions[name]
                label, weight = get_label(name, batch, (*outputs.shape[:-1], 1))
                found[LOSS + name] = weighted_mean(intensity_loss(outputs, label, weight), weight)
        return found, None

    def combine(
        self, terms: dict[str, Float[Array, ""]], parameters: Mapping[str, Array], key: PRNGKeyArray | None
    ) -> Float[Array, ""]:
        """The mean over the intensities, so that their number does not change the scale of the gradient."""
        del parameters, key
        return jnp.stack(list(terms.values())).mean()


def intensity_loss(
    outputs: Float[Array, "*batch output"], label: Float[Array, "*batch 1"], weight: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """The loss of each frame by the form of the head; 0 where the weight is 0.

    ValueError for a head of another size, see `quantities.intensity`.
    """
    expected = blank(label, weight)
    nearest = nearest_class(expected[..., 0])
    if outputs.shape[-1] == CLASSES:
        return cross_entropy(outputs, jax.nn.one_hot(nearest, CLASSES), weight)
    if outputs.shape[-1] == THRESHOLDS:
        return ordinal_cross_entropy(outputs, nearest, weight)
    if outputs.shape[-1] == REGRESSION:
        return squared_error(outputs, expected / HIGHEST, weight)
    raise ValueError(
        f"a head for an intensity has {outputs.shape[-1]} outputs; expected {CLASSES} (classes), {THRESHOLDS} "
        f"(ordinal) or {REGRESSION} (regression)"
    )
