"""A mixture of personalized experts whose heads and gate are fine-tuned on a person's labeled frames."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.personal.expert_stages import choose_experts, joint_stage, learn_stage
from affect_jax.personal.labeled import Labeled
from affect_jax.personal.mixture import Mixture
from affect_jax.personal.sources import Sources
from affect_jax.personal.tuned import FineTuned
from affect_jax.types import ArrayLike

MOST_EXPERTS = 9  # fine-tuned for one person: all of the seed's, the most probable ones of 90


@dataclasses.dataclass(frozen=True)
class TunedExperts(FineTuned):
    """The mixture of `gated_experts`, adapted as a whole; of many experts, those that the gate prefers.

    Source: Feffer, Rudovic, Picard, A mixture of personalized experts for human affect estimation, MLDM 2018, whose
    figures are for this stage. Choosing among many experts is ours.
    """

    name: str = "experts"

    def bases(self, sources: Sources, key: PRNGKeyArray) -> tuple[Mixture, Callable[[Int[Array, ""]], Mixture]]:
        stage_key, joint_key = jax.random.split(key)
        stage = learn_stage(sources, self.name, stage_key)
        mixture, without = joint_stage(stage, choose_experts(stage), joint_key)
        fold_of = jnp.asarray(stage.folds.of_person)
        return mixture, lambda person: jax.tree.map(lambda leaf: leaf[fold_of[person]], without)

    def start(self, base: Mixture, labeled: Labeled, key: PRNGKeyArray) -> Mixture:
        shares = jax.nn.softmax(base.gate(labeled.features))
        mean_share = jnp.sum(shares * labeled.weight[:, None], axis=0)
        _, chosen = jax.lax.top_k(mean_share, min(MOST_EXPERTS, mean_share.shape[0]))
        heads = jax.tree.map(lambda leaf: jnp.asarray(leaf)[chosen], base.heads)
        return Mixture(heads, jnp.asarray(base.gate_kernel)[:, chosen], jnp.asarray(base.gate_bias)[chosen])

    def outputs(
        self, base: Mixture, parameters: Mixture, features: Float[ArrayLike, "frame feature"]
    ) -> Float[Array, "frame output"]:
        return parameters(features)
