"""The plain mean of the source persons' experts."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.expert_stages import choose_experts, learn_stage
from affect_jax.personal.given import Given, anything
from affect_jax.personal.method import FRAMES
from affect_jax.personal.mixture import Mixture, uniform_mixture
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike


class MixtureForAll:
    """What mixtures share that are the same for everybody: nothing is adapted but whether there is a person at all."""

    needs: tuple[str, ...] = (FRAMES,)

    def adapt(self, prior: Mixture, given: Given, key: PRNGKeyArray) -> Float[Array, ""]:
        return anything(given.present)

    def predict(
        self,
        prior: Mixture,
        personal: Float[ArrayLike, ""],
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        return jnp.where(personal > 0, prior(features), output)


@dataclasses.dataclass(frozen=True)
class UniformExperts(MixtureForAll):
    """Every expert counts equally: what a gate has to surpass."""

    name: str = "uniform_experts"

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Mixture:
        stage = learn_stage(sources, self.name, key)
        chosen = choose_experts(stage)
        heads = jax.tree.map(lambda leaf: leaf[chosen], stage.experts)
        return uniform_mixture(heads, jnp.ones(len(sources.subjects)))
