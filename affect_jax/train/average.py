"""A running mean of the weights, which scores better than the weights themselves."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from affect_jax.nn.network import Variables


def advanced(average: Variables, variables: Variables, decay: float, step: Int[Array, ""]) -> Variables:
    """`average` moved a part of the way to `variables` after step number `step`, counted from 0.

    The decay grows as (1 + step) / (10 + step) up to `decay`, so that the first numbers are soon forgotten. Running
    statistics are averaged too: they describe the activations of the weights at their side.
    """
    count = step.astype(jnp.float32)
    share = 1 - jnp.minimum(jnp.float32(decay), (1 + count) / (10 + count))
    move = lambda old, new: old + share.astype(old.dtype) * (new - old)  # exact where nothing moves
    return jax.tree.map(move, average, variables.moving)
