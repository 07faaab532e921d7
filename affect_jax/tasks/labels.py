"""The label of a quantity in a batch."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import Batch


def label_of(name: str, batch: Batch, shape: tuple[int, ...]) -> tuple[Float[Array, "..."], Float[Array, "*batch"]]:
    """Value [*batch, ...] and weight [*batch] of a quantity; zeros of `shape` without weight if the data have none."""
    if name not in batch.labels:
        return jnp.zeros(shape, jnp.float32), jnp.zeros_like(batch.weight)
    label = batch.labels[name]
    return label.value, label.weight * batch.weight
