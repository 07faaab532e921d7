"""How rows without a label are kept out, and how the others become one number.

A row of weight 0 may hold anything, NaN included. It is blanked before any arithmetic, not after: a gradient that
flows back through the arithmetic of garbage is NaN even where its weight is 0.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Num


def blank(values: Num[Array, "..."], weight: Float[Array, "*batch"]) -> Num[Array, "..."]:
    """`values` [*batch, ...] with zeros in the rows of weight 0; no gradient reaches those rows."""
    known = (weight > 0).reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return jnp.where(known, values, 0)


def total_or_one(weight: Float[Array, "*batch"]) -> Float[Array, ""]:
    """The sum of the weights, and 1 where it is 0, so that one can divide by it."""
    total = weight.sum()
    return jnp.where(total > 0, total, 1)


def weighted_mean(values: Float[Array, "*batch"], weight: Float[Array, "*batch"]) -> Float[Array, ""]:
    """Mean over the rows that have a weight; 0, and no gradient, when none has."""
    return (jnp.where(weight > 0, values, 0) * weight).sum() / total_or_one(weight)
