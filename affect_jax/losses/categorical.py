"""Discrete emotions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affect_jax.losses.reduce import blank


def cross_entropy(
    logits: Float[Array, "*batch emotion"], label: Int[Array, "*batch"], weight: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """Cross-entropy of each example in nats; a constant where the weight is 0."""
    log_probabilities = jax.nn.log_softmax(blank(logits, weight).astype(jnp.float32))
    index = blank(label, weight)[..., None]
    return -jnp.take_along_axis(log_probabilities, index, axis=-1)[..., 0]
