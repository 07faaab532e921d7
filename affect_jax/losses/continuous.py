"""Valence and arousal: the squared error of an example, and the correlations of a set.

PCC and CCC are statistics of a set: the mean of those of its parts is lower. So they are taken over all the rows that
are given, which under `jax.jit` is the whole global batch, however many devices hold it, and `memory` can add earlier
batches. Both are functions of a few moments.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank, total_or_one

VARIANCE_FLOOR = 1e-8  # a standard deviation of 1e-4 on a scale from -1 to 1: nothing a label could tell apart


class SetMoments(NamedTuple):
    """Population moments of (prediction, label) pairs in float32: all that PCC and CCC depend on."""

    weight: Float[Array, "*slot"]  # sum of the weights
    mean: Float[Array, "*slot 2 dimension"]  # of prediction, of label
    variance: Float[Array, "*slot 2 dimension"]
    covariance: Float[Array, "*slot dimension"]


def squared_error(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> Float[Array, "*batch"]:
    """Squared error of each example, averaged over valence and arousal; 0 where the weight is 0."""
    return ((blank(predicted, weight) - blank(label, weight)) ** 2).mean(-1)


def rmse(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> Float[Array, "dimension"]:
    """Root of the mean squared error of each dimension; no gradient where it is 0, instead of an infinite one."""
    squared = ((blank(predicted, weight) - blank(label, weight)) ** 2).reshape(-1, predicted.shape[-1])
    mean = (squared * (weight / total_or_one(weight)).reshape(-1, 1)).sum(0)
    return jnp.where(mean > 0, jnp.sqrt(jnp.where(mean > 0, mean, 1)), 0)


def moments(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> SetMoments:
    """Moments of all rows together; zeros where no row has a weight.

    Sums of products and not `einsum`: matrix units of accelerators would round the factors.
    """
    share = (weight / total_or_one(weight)).reshape(-1, 1).astype(jnp.float32)
    pairs = [blank(values, weight).reshape(-1, values.shape[-1]).astype(jnp.float32) for values in (predicted, label)]
    means = [(values * share).sum(0) for values in pairs]
    predicted, label = (values - mean[None] for values, mean in zip(pairs, means, strict=True))
    variances = [(share * values**2).sum(0) for values in (predicted, label)]
    return SetMoments(
        weight.astype(jnp.float32).sum(), jnp.stack(means), jnp.stack(variances), (share * predicted * label).sum(0)
    )


def pcc(of: SetMoments) -> Float[Array, "dimension"]:
    """Pearson correlation, in [-1, 1]; 0 with a finite gradient where one side is constant."""
    return of.covariance / jnp.sqrt((of.variance[0] + VARIANCE_FLOOR) * (of.variance[1] + VARIANCE_FLOOR))


def ccc(of: SetMoments) -> Float[Array, "dimension"]:
    """Concordance correlation, in [-1, 1]; 0 with a finite gradient where one side is constant.

    Population (1/n) moments and the covariance form, which needs no square root.
    Source: Lin, Biometrics 45(1), 1989, rho_c.
    """
    spread = of.variance[0] + of.variance[1] + (of.mean[0] - of.mean[1]) ** 2
    return 2 * of.covariance / jnp.maximum(spread, VARIANCE_FLOOR)
