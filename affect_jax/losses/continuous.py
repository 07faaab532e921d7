"""Losses for valence and arousal: the squared error of each example, and the correlations of a set.

PCC and CCC are statistics of a set; averaging them over subsets underestimates them. They are therefore computed over
all rows passed in. Under `jax.jit` that is the global batch, however many devices hold it, and `memory` can add earlier
batches. Both are functions of a few moments.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank, total_or_one, widen

VARIANCE_FLOOR = 1e-8  # a standard deviation of 1e-4 on a scale from -1 to 1, finer than any label can resolve


class SetMoments(NamedTuple):
    """Population moments of (prediction, label) pairs in at least float32, which determine PCC and CCC."""

    weight: Float[Array, "*slot"]  # sum of the weights
    mean: Float[Array, "*slot 2 dimension"]  # of the prediction, of the label
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
    """Root mean squared error of each dimension; where it is 0, the gradient is 0 rather than infinite."""
    squared = ((blank(predicted, weight) - blank(label, weight)) ** 2).reshape(-1, predicted.shape[-1])
    mean = (squared * (weight / total_or_one(weight)).reshape(-1, 1)).sum(0)
    return jnp.where(mean > 0, jnp.sqrt(jnp.where(mean > 0, mean, 1)), 0)


def moments(
    predicted: Float[Array, "*batch dimension"],
    label: Float[Array, "*batch dimension"],
    weight: Float[Array, "*batch"],
) -> SetMoments:
    """Moments over all rows; zeros if all weights are 0.

    Uses sums of products rather than `einsum`, because the matrix units of accelerators round their inputs.
    """
    share = widen((weight / total_or_one(weight)).reshape(-1, 1))
    pairs = [widen(blank(values, weight).reshape(-1, values.shape[-1])) for values in (predicted, label)]
    means = [(values * share).sum(0) for values in pairs]
    predicted, label = (values - mean[None] for values, mean in zip(pairs, means, strict=True))
    variances = [(share * values**2).sum(0) for values in (predicted, label)]
    return SetMoments(widen(weight).sum(), jnp.stack(means), jnp.stack(variances), (share * predicted * label).sum(0))


def pcc(of: SetMoments) -> Float[Array, "dimension"]:
    """Pearson correlation, in [-1, 1]; 0 with a finite gradient if either signal is constant."""
    return of.covariance / jnp.sqrt((of.variance[0] + VARIANCE_FLOOR) * (of.variance[1] + VARIANCE_FLOOR))


def ccc(of: SetMoments) -> Float[Array, "dimension"]:
    """Concordance correlation, in [-1, 1]; 0 with a finite gradient if either signal is constant.

    Uses population (1/n) moments and the covariance form, which needs no square root.
    Source: Lin, Biometrics 45(1), 1989, rho_c.
    """
    spread = of.variance[0] + of.variance[1] + (of.mean[0] - of.mean[1]) ** 2
    return 2 * of.covariance / jnp.maximum(spread, VARIANCE_FLOOR)
