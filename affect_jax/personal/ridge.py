"""Ridge regression from features to labels."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from affect_jax.personal.adapter import Adapter
from affect_jax.personal.choice import choose, for_everybody
from affect_jax.personal.given import Given, anything, only
from affect_jax.personal.linear import Linear
from affect_jax.personal.method import LABELS
from affect_jax.personal.sources import Sources
from affect_jax.personal.spread import feature_spread

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # frames at which the data weigh as much as the penalty
STRENGTH = 30.0  # without source persons


@dataclasses.dataclass(frozen=True)
class Ridge(Linear):
    """The labels from the features alone, learned from scratch on the person's labeled frames.

    The weights of standardized features are drawn toward 0, the intercept is not; the base network's own last layers
    play no part. The strength is chosen by rehearsals on the source persons.
    Source: Hoerl and Kennard, Technometrics 12(1), 1970.
    """

    name: str = "ridge"
    needs: tuple[str, ...] = (LABELS,)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> dict[str, Any]:
        persons = len(sources.subjects)
        spread = feature_spread(sources.given)
        priors = {
            "strength": for_everybody(STRENGTHS, persons),
            "spread": np.broadcast_to(spread, (len(STRENGTHS), persons, len(spread))),
        }
        best, _ = choose(self, priors, sources, key)
        return {"strength": np.float32(STRENGTHS[best]), "spread": spread}

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        spread = jnp.asarray(prior.get("spread", jnp.ones(given.features.shape[-1])), jnp.float32)
        strength = jnp.asarray(prior.get("strength", STRENGTH), jnp.float32)
        weight = (given.labeled > 0).astype(jnp.float32)[:, None]
        count = jnp.maximum(jnp.sum(weight), 1.0)
        features = only(given.features, given.labeled) / spread[None]
        label = only(given.label, given.labeled)
        means = jnp.sum(features * weight, axis=0) / count, jnp.sum(label * weight, axis=0) / count
        centered = (features - means[0][None]) * weight, (label - means[1][None]) * weight
        multiply = lambda left, right: jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
        gram = multiply(centered[0].T, centered[0]) + strength * jnp.eye(len(spread))
        solution = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(gram), multiply(centered[0].T, centered[1]))
        known = anything(given.labeled)
        return Adapter(
            weights=known * solution / spread[:, None],
            bias=known * (means[1] - multiply(means[0], solution)),
            scale=-known * jnp.ones(label.shape[-1]),  # nothing of the base network's output is left
        )
