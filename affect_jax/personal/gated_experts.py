"""A mixture of personalized experts as it meets a stranger, before any label."""

import dataclasses

import jax
from jaxtyping import PRNGKeyArray

from affect_jax.personal.expert_stages import choose_experts, joint_stage, learn_stage
from affect_jax.personal.mixture import Mixture
from affect_jax.personal.sources import Sources
from affect_jax.personal.uniform_experts import MixtureForAll


@dataclasses.dataclass(frozen=True)
class GatedExperts(MixtureForAll):
    """An expert for each source person, then gate and experts together.

    Source: Feffer, Rudovic, Picard, A mixture of personalized experts for human affect estimation, MLDM 2018. It
    publishes neither sizes nor losses: a linear gate, experts that start from the base head, and the mean squared error
    are ours.
    """

    name: str = "gated_experts"

    def learn(self, sources: Sources, key: PRNGKeyArray) -> Mixture:
        stage_key, joint_key = jax.random.split(key)
        stage = learn_stage(sources, self.name, stage_key)
        mixture, _ = joint_stage(stage, choose_experts(stage), joint_key)
        return mixture
