"""Experts of those source persons whose neutral faces resemble a person's own."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.nn.experts import mix
from affect_jax.personal.expert_stages import ExpertStage, learn_stage
from affect_jax.personal.given import Given, anything
from affect_jax.personal.method import NEUTRAL
from affect_jax.personal.mixture import EXPERT_STOPS, NEVER, expert_outputs
from affect_jax.personal.neutral import neutral_mean, require_neutral
from affect_jax.personal.scoring import score_options
from affect_jax.personal.sources import BaseHead, Sources
from affect_jax.types import ArrayLike

NEAREST = (1, 3, 5, 10)  # numbers of resembling persons to choose from
TEMPERATURES = (0.1, 0.3, 1.0, 1e6)  # in units of the usual distance of two persons; the last weighs them equally


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Resemblance:
    """Neutral faces of the source persons, and how distances to them become shares."""

    neutral: Float[ArrayLike, "expert feature"]
    spread: Float[ArrayLike, "feature"]  # standard deviation over persons
    nearest: Int[ArrayLike, ""]
    temperature: Float[ArrayLike, ""]

    def shares(self, face: Float[ArrayLike, "feature"], allowed: Float[ArrayLike, "expert"]) -> Float[Array, "expert"]:
        """Shares of the experts, which sum to 1: 0 but for the `nearest` ones that are allowed."""
        distance = jnp.mean(((face[None] - self.neutral) / self.spread[None]) ** 2, axis=-1)
        distance = jnp.where(allowed > 0, distance, -NEVER)
        rank = jnp.argsort(jnp.argsort(distance))
        used = (rank < self.nearest) & (allowed > 0)
        return jax.nn.softmax(jnp.where(used, -distance / self.temperature, NEVER))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SimilarPrior:
    """The experts of the source persons and their neutral faces."""

    heads: BaseHead  # [expert, ...]
    resemblance: Resemblance


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Shares:
    """How much each expert counts for one person, if `known` is 1."""

    shares: Float[ArrayLike, "*person expert"]
    known: Float[ArrayLike, "*person"]


@dataclasses.dataclass(frozen=True)
class SimilarSources:
    """The few experts whose persons look most alike when neutral, weighted by the distance of the neutral features.

    Source: selecting source subjects that resemble the target, Zeeshan et al., MuSACo, arXiv 2508.12522; theirs selects
    by unlabeled frames of several modalities and then adapts with pseudo-labels. The distance of neutral features, the
    experts and the choice of their number are ours.
    """

    name: str = "similar_sources"
    needs: tuple[str, ...] = (NEUTRAL,)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> SimilarPrior:
        require_neutral(sources, self.name)
        stage = learn_stage(sources, self.name, key)
        neutral = jax.jit(jax.vmap(neutral_mean))(jax.tree.map(jnp.asarray, sources.given))
        stop, resemblance = _choose(stage, neutral)
        return SimilarPrior(jax.tree.map(lambda leaf: leaf[stop], stage.experts), resemblance)

    def adapt(self, prior: SimilarPrior, given: Given, key: PRNGKeyArray) -> Shares:
        everybody = jnp.ones(prior.resemblance.neutral.shape[0])
        return Shares(prior.resemblance.shares(neutral_mean(given), everybody), anything(given.neutral))

    def predict(
        self,
        prior: SimilarPrior,
        personal: Shares,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        return jnp.where(personal.known > 0, _mix(expert_outputs(prior.heads, features), personal.shares), output)


def _choose(stage: ExpertStage, neutral: Float[Array, "expert feature"]) -> tuple[int, Resemblance]:
    """How long the experts learn, how many of them count and how they are weighted, as suits strangers best."""
    spread = jnp.std(neutral, axis=0)
    spread = jnp.maximum(spread, 0.1 * jnp.mean(spread) + 1e-6)
    usual = 2.0  # the mean over features of the squared difference of two persons, in units of the variance
    numbers = [number for number in NEAREST if number < len(neutral)] or [1]
    options = list(itertools.product(numbers, TEMPERATURES))
    resemblances = [
        Resemblance(neutral, spread, jnp.int32(number), jnp.float32(usual * temperature))
        for number, temperature in options
    ]

    def predict(person, features):
        experts, allowed = stage.left_out(person)
        every_share = jnp.stack([resemblance.shares(neutral[person], allowed) for resemblance in resemblances])
        outputs = jax.vmap(lambda heads: expert_outputs(heads, features))(experts)
        predicted = jax.vmap(lambda own: jax.vmap(lambda shares: _mix(own, shares))(every_share))(outputs)
        return predicted.reshape(-1, *predicted.shape[2:])

    best = int(np.argmax(score_options(predict, stage.frames)))
    stop, option = np.unravel_index(best, (len(EXPERT_STOPS), len(options)))
    return int(stop), resemblances[option]


def _mix(outputs: Float[Array, "frame expert output"], shares: Float[Array, "expert"]) -> Float[Array, "frame output"]:
    return mix(outputs, jnp.broadcast_to(shares, outputs.shape[:-1]))
