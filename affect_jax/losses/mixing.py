"""Combining several loss terms into one."""

import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def shake(terms: Mapping[str, Float[Array, ""]], key: PRNGKeyArray) -> Float[Array, ""]:
    """Convex combination with random weights: uniform draws divided by their sum.

    For three terms each weight has mean 1/3 and standard deviation 0.180, unlike a Dirichlet draw (0.236).
    Source: the shake-shake regularization of Toisoul et al., Nature Machine Intelligence 3, 2021.
    """
    draws = 1 - jax.random.uniform(key, (len(terms),))  # in (0, 1], so the sum is never 0
    return (jnp.stack(list(terms.values())) * draws).sum() / draws.sum()


def plain_mean(terms: Mapping[str, Float[Array, ""]]) -> Float[Array, ""]:
    """Unweighted mean of the terms."""
    return jnp.stack(list(terms.values())).mean()


def log_variance_of_equal_shares(terms: int) -> float:
    """Log variance at which `uncertainty_weighted` gives each term the same weight as `plain_mean`."""
    return math.log(terms / 2)


def uncertainty_weighted(
    terms: Mapping[str, Float[Array, ""]], log_variances: Mapping[str, Float[Array, ""]]
) -> Float[Array, ""]:
    """Sum of L / (2 v) + log(v) / 2 over the terms, where v is a learned variance; terms equal to 0 have no effect.

    v converges to L, so the weight of a term tends to 1 / (2 L) and each term counts by its relative change. The
    interpretation as a Gaussian likelihood holds only for the squared error. 1 - PCC and 1 - CCC lie between 0 and 2,
    so their weights never fall below 1/4; like all weights they grow without bound as the term approaches 0. The
    weights thus sum to well over 1 relative to the terms outside the mixture, and the total may be negative.
    Source: Kendall, Gal and Cipolla, CVPR 2018, eq. 7, with log variances as in section 3.2.
    """
    total = jnp.float32(0)
    for name, term in terms.items():
        log_variance = log_variances[name]
        total += jnp.where(term == 0, 0, 0.5 * jnp.exp(-log_variance) * term + 0.5 * log_variance)
    return total
