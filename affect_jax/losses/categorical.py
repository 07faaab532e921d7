"""Discrete emotions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank


def cross_entropy(
    logits: Float[Array, "*batch emotion"], label: Float[Array, "*batch emotion"], weight: Float[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """Cross-entropy of each example in nats to the probabilities `label`; 0 where the weight is 0."""
    log_probabilities = jax.nn.log_softmax(blank(logits, weight).astype(jnp.float32))
    return -(blank(label, weight).astype(jnp.float32) * log_probabilities).sum(-1)
