"""Methods whose personal network is the base network and an `Adapter`."""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.adapter import Adapter, no_adapter
from affect_jax.personal.given import Given, anything, only
from affect_jax.personal.method import LABELS
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike

CONSTANT = 1e-8  # a variance of the outputs below this leaves their scale unknown


class Linear:
    """What linear methods share: they learn nothing from the sources, and what they adapt is an `Adapter`."""

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Any:
        return {}

    def predict(
        self,
        prior: Any,
        personal: Adapter,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame 2"],
    ) -> Float[Array, "frame 2"]:
        return personal.apply(features, output)


@dataclasses.dataclass(frozen=True)
class Unadapted(Linear):
    """One size fits all: the base network."""

    name: str = "none"
    needs: tuple[str, ...] = ()

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        return no_adapter(given.features.shape[-1])


@dataclasses.dataclass(frozen=True)
class BiasScale(Linear):
    """A scale and a bias of each output by least squares; only a bias where the outputs are constant."""

    name: str = "bias_scale"
    needs: tuple[str, ...] = (LABELS,)

    def adapt(self, prior: Any, given: Given, key: PRNGKeyArray) -> Adapter:
        weight = given.labeled[:, None] / jnp.maximum(jnp.sum(given.labeled), 1.0)
        output, label = only(given.output, given.labeled), only(given.label, given.labeled)
        means = jnp.sum(weight * output, axis=0), jnp.sum(weight * label, axis=0)
        centered = output - means[0][None], label - means[1][None]
        variance = jnp.sum(weight * centered[0] ** 2, axis=0)
        covariance = jnp.sum(weight * centered[0] * centered[1], axis=0)
        varies = variance > CONSTANT
        slope = jnp.where(varies, covariance / jnp.where(varies, variance, 1.0), 1.0)
        known = anything(given.labeled)
        nothing = no_adapter(given.features.shape[-1])
        return Adapter(nothing.weights, known * (means[1] - slope * means[0]), known * (slope - 1))
