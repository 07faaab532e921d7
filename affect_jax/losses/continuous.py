"""Valence and arousal: the squared error of an example, and the correlations of a set.

PCC and CCC are statistics of a set: the mean of those of its parts is lower. So they are taken over all the rows that
are given, which under `jax.jit` is the whole global batch, however many devices hold it.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank, total_or_one

VARIANCE_FLOOR = 1e-8  # a standard deviation of 1e-4 on a scale from -1 to 1: nothing a label could tell apart


def squared_error(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> Float[Array, "*batch"]:
    """Squared error of each example, averaged over valence and arousal; 0 where the weight is 0."""
    return ((blank(predicted, weight) - blank(label, weight)) ** 2).mean(-1)


def _moments(predicted: Array, label: Array, weight: Array) -> tuple[Array, Array, Array, Array]:
    """Difference of the means, both variances and the covariance of each dimension, in float32.

    Sums of products and not `einsum`: matrix units of accelerators would round the factors.
    """
    share = (weight / total_or_one(weight)).reshape(-1, 1).astype(jnp.float32)
    predicted, label = (
        blank(values, weight).reshape(-1, values.shape[-1]).astype(jnp.float32) for values in (predicted, label)
    )
    mean_predicted, mean_label = (predicted * share).sum(0), (label * share).sum(0)
    predicted, label = predicted - mean_predicted[None], label - mean_label[None]
    variances = [(share * values**2).sum(0) for values in (predicted, label)]
    return mean_predicted - mean_label, *variances, (share * predicted * label).sum(0)


def pcc(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> Float[Array, "dimension"]:
    """Pearson correlation over the whole batch, in [-1, 1]; 0 with a finite gradient where one side is constant."""
    _, variance_predicted, variance_label, covariance = _moments(predicted, label, weight)
    return covariance / jnp.sqrt((variance_predicted + VARIANCE_FLOOR) * (variance_label + VARIANCE_FLOOR))


def ccc(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> Float[Array, "dimension"]:
    """Concordance correlation over the whole batch, in [-1, 1]; 0 with a finite gradient where one side is constant.

    Population (1/n) moments and the covariance form, which needs no square root.
    Source: Lin, Biometrics 45(1), 1989, rho_c.
    """
    bias, variance_predicted, variance_label, covariance = _moments(predicted, label, weight)
    return 2 * covariance / jnp.maximum(variance_predicted + variance_label + bias**2, VARIANCE_FLOOR)
