"""Cross-entropy for discrete emotions with soft or hard labels, and class weights."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank, widen


def cross_entropy(
    logits: Float[Array, "*batch emotion"],
    label: Float[Array, "*batch emotion"],
    weight: Float[Array, "*batch"],
    smoothing: float = 0.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy of each example with the probabilities `label`, in nats; 0 where the weight is 0.

    `smoothing` is the probability mass spread uniformly over all emotions.
    Source of label smoothing: Szegedy et al., CVPR 2016, section 7.
    """
    log_probabilities = jax.nn.log_softmax(widen(blank(logits, weight)))
    label = widen(blank(label, weight))
    smooth = (1 - smoothing) * label + smoothing / label.shape[-1] if smoothing else label
    return blank(-(smooth * log_probabilities).sum(-1), weight)


def expected_weight(
    label: Float[Array, "*batch emotion"], class_weights: Float[Array, "emotion"], weight: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """`weight` times the expected class weight of each example under `label`; 0 where the weight is 0."""
    label = widen(blank(label, weight))
    return weight * (label * jnp.broadcast_to(class_weights, label.shape)).sum(-1)


def inverse_frequency(frequency: Float[np.ndarray, "emotion"], power: float) -> Float[np.ndarray, "emotion"]:
    """Class weights frequency ** -power, scaled to average 1 over examples; frequencies must be positive."""
    weights = np.float64(frequency) ** -power
    return weights * frequency.sum() / (weights * frequency).sum()
