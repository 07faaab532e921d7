"""Methods whose personal network is the base network and an `Adapter`."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.adapter import Adapter, no_adapter
from affect_jax.personal.choice import choose, for_everybody
from affect_jax.personal.given import Given, anything, only
from affect_jax.personal.method import LABELS, NEUTRAL
from affect_jax.personal.neutral import neutral_output
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike

CONSTANT = 1e-8  # a variance of the outputs below this leaves their scale unknown
SLOPE_STRENGTHS = (0.0, 0.003, 0.01, 0.03, 0.1)  # variance of outputs


class Linear:
    """What linear methods share: they learn nothing from the sources, and what they adapt is an `Adapter`."""

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Any:
        return {}

    def predict(
        self,
        prior: Any,
        personal: Adapter,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        return personal.apply(features, output)


@dataclasses.dataclass(frozen=True)
class Unadapted(Linear):
    """One size fits all: the base network."""

    name: str = "none"
    needs: tuple[str, ...] = ()

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        return no_adapter(given.features.shape[-1], given.output.shape[-1])


@dataclasses.dataclass(frozen=True)
class NeutralSubtraction(Linear):
    """The mean output of the neutral segment is subtracted, so that a neutral face gives 0, its label."""

    name: str = "neutral_subtraction"
    needs: tuple[str, ...] = (NEUTRAL,)

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        nothing = no_adapter(given.features.shape[-1], given.output.shape[-1])
        return dataclasses.replace(nothing, bias=-neutral_output(given))


@dataclasses.dataclass(frozen=True)
class BiasScale(Linear):
    """A scale and a bias of each output by least squares; only a bias where the outputs are constant.

    With a prior, the scale is drawn toward 1, as if by more frames without an error whose outputs have a certain
    variance, which is chosen by rehearsals on the source persons.
    """

    name: str = "bias_scale"
    needs: tuple[str, ...] = (LABELS,)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> dict[str, Any]:
        priors = {"strength": for_everybody(SLOPE_STRENGTHS, len(sources.subjects))}
        best, _ = choose(self, priors, sources, key)
        return {"strength": np.float32(SLOPE_STRENGTHS[best])}

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        strength = jnp.asarray(prior.get("strength", 0.0), jnp.float32)
        weight = given.labeled[:, None] / jnp.maximum(jnp.sum(given.labeled), 1.0)
        output, label = only(given.output, given.labeled), only(given.label, given.labeled)
        means = jnp.sum(weight * output, axis=0), jnp.sum(weight * label, axis=0)
        centered = output - means[0][None], label - means[1][None]
        variance = jnp.sum(weight * centered[0] ** 2, axis=0) + strength
        covariance = jnp.sum(weight * centered[0] * centered[1], axis=0) + strength
        varies = variance > CONSTANT
        slope = jnp.where(varies, covariance / jnp.where(varies, variance, 1.0), 1.0)
        known = anything(given.labeled)
        nothing = no_adapter(given.features.shape[-1], given.output.shape[-1])
        return Adapter(nothing.weights, known * (means[1] - slope * means[0]), known * (slope - 1))
