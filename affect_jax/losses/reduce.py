"""Masking of unlabeled rows, and weighted means over the rest.

A row of weight 0 may contain anything, including NaN. It is zeroed before any arithmetic, not after: a gradient that
flows back through arithmetic on NaN is NaN even if its weight is 0.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num


def blank(values: Num[Array, "..."], weight: Float[Array, "*batch"]) -> Num[Array, "..."]:
    """Zeroes the rows of `values` [*batch, ...] that have weight 0; no gradient reaches them."""
    known = (weight > 0).reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
    return jnp.where(known, values, 0)


def widen(values: Num[Array, "..."]) -> Float[Array, "..."]:
    """The values in float32, or in float64 if they are; sums over a batch need this, whatever a network computes in."""
    wide = jax.dtypes.canonicalize_dtype(values.dtype) == jnp.float64
    return values if wide else values.astype(jnp.float32)


def total_or_one(weight: Float[Array, "*batch"]) -> Float[Array, ""]:
    """Sum of the weights, or 1 if it is 0, for use as a divisor."""
    total = weight.sum()
    return jnp.where(total > 0, total, 1)


def weighted_mean(values: Float[Array, "*batch"], weight: Float[Array, "*batch"]) -> Float[Array, ""]:
    """Weighted mean over the rows; 0 with no gradient if all weights are 0."""
    return (jnp.where(weight > 0, values, 0) * weight).sum() / total_or_one(weight)
