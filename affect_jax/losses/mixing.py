"""One loss out of several terms."""

import math
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def shake(terms: Mapping[str, Float[Array, ""]], key: PRNGKeyArray) -> Float[Array, ""]:
    """Convex combination with weights drawn anew for each key: uniform draws over their sum.

    For three terms each weight has mean 1/3 and standard deviation 0.180; this is not a Dirichlet draw (0.236).
    Source: the shake-shake regularization of Toisoul et al., Nature Machine Intelligence 3, 2021.
    """
    draws = 1 - jax.random.uniform(key, (len(terms),))  # in (0, 1], so the sum is never 0
    return (jnp.stack(list(terms.values())) * draws).sum() / draws.sum()


def fixed(terms: Mapping[str, Float[Array, ""]]) -> Float[Array, ""]:
    """The plain mean of the terms."""
    return jnp.stack(list(terms.values())).mean()


def log_variance_of_equal_shares(terms: int) -> float:
    """The log variance at which `learned` gives each of so many terms the same share as `fixed`."""
    return math.log(terms / 2)


def learned(terms: Mapping[str, Float[Array, ""]], log_variances: Mapping[str, Float[Array, ""]]) -> Float[Array, ""]:
    """Sum of L / (2 v) + log(v) / 2 over the terms, v the learned variance of each; a term of 0 moves nothing.

    v settles at L, so a term's weight goes to 1 / (2 L) and each term counts by its relative change. That reading as a
    Gaussian likelihood holds for the squared error alone. 1 - PCC and 1 - CCC lie between 0 and 2: their settled weight
    is never under 1/4, and grows without bound as they come near to 0, as that of any term does. So the weights do not
    sum to 1 but to several times that, against what stands outside the mixture, and the total may be below 0.
    Source: Kendall, Gal and Cipolla, CVPR 2018, eq. 7, with log variances as in its section 3.2.
    """
    total = jnp.float32(0)
    for name, term in terms.items():
        log_variance = log_variances[name]
        total += jnp.where(term == 0, 0, 0.5 * jnp.exp(-log_variance) * term + 0.5 * log_variance)
    return total
