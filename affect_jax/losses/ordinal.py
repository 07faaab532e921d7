"""Ordinal classes as a series of yes-or-no questions: does the class exceed 0, 1, ..?"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affect_jax.losses.reduce import blank, widen


def ordinal_cross_entropy(
    logits: Float[Array, "*batch threshold"], label: Int[Array, "*batch"], weight: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """Binary cross-entropy of whether the class exceeds each threshold 0, 1, .., in nats; 0 where the weight is 0.

    The mean over the thresholds, so that their number does not change the scale of the gradient. The source sums.
    Source: Cao, Mirjalili and Raschka, Pattern Recognition Letters 140, 2020, equation 4, with thresholds of their own
    weights.
    """
    logits = widen(blank(logits, weight))
    places = jnp.arange(logits.shape[-1]).reshape((1,) * label.ndim + (-1,))
    exceeds = label[..., None] > places
    signed = jnp.where(exceeds, logits, -logits)
    return blank(-jax.nn.log_sigmoid(signed).mean(-1), weight)
