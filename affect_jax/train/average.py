"""Exponential moving average of the weights, which scores better than the weights themselves."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from affect_jax.nn.network import Variables


def update_average(average: Variables, variables: Variables, decay: float, step: Int[Array, ""]) -> Variables:
    """Moves `average` toward `variables` after step `step`, counted from 0.

    The decay grows as (1 + step) / (10 + step) up to `decay`, so that the initial weights are quickly forgotten.
    Running statistics are averaged as well, because they have to match the averaged weights.
    """
    count = step.astype(jnp.float32)
    rate = 1 - jnp.minimum(jnp.float32(decay), (1 + count) / (10 + count))
    # In this form, values that do not change are preserved exactly.
    move = lambda old, new: old + rate.astype(old.dtype) * (new - old)
    return jax.tree.map(move, average, variables.moving)
