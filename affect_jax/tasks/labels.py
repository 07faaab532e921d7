"""Labels of a quantity in a batch."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import Batch


def get_label(name: str, batch: Batch, shape: tuple[int, ...]) -> tuple[Float[Array, "..."], Float[Array, "*batch"]]:
    """Value [*batch, ...] and weight [*batch] of a quantity; zeros of `shape` with weight 0 if it is not labeled."""
    if name not in batch.labels:
        return jnp.zeros(shape, jnp.float32), jnp.zeros_like(batch.weight)
    label = batch.labels[name]
    return label.value, label.weight * batch.weight
