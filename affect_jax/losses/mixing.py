"""One loss out of several terms."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def shake(terms: Mapping[str, Float[Array, ""]], key: PRNGKeyArray) -> Float[Array, ""]:
    """Convex combination with weights drawn anew for each key: uniform draws over their sum.

    For three terms each weight has mean 1/3 and standard deviation 0.180; this is not a Dirichlet draw (0.236).
    Source: the shake-shake regularisation of Toisoul et al., Nature Machine Intelligence 3, 2021.
    """
    draws = 1 - jax.random.uniform(key, (len(terms),))  # in (0, 1], so the sum is never 0
    return (jnp.stack(list(terms.values())) * draws).sum() / draws.sum()


def fixed(terms: Mapping[str, Float[Array, ""]]) -> Float[Array, ""]:
    """The plain mean of the terms."""
    return jnp.stack(list(terms.values())).mean()
