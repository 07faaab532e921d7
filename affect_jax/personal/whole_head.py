"""Fine-tuning of the base network's last two layers."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.labeled import Labeled
from affect_jax.personal.sources import BaseHead
from affect_jax.personal.tuned import FineTuned
from affect_jax.types import ArrayLike


@dataclasses.dataclass(frozen=True)
class WholeHead(FineTuned):
    """The hidden layer and the output layer learn; the trunk stays."""

    name: str = "whole_head"

    def start(self, base: BaseHead, labeled: Labeled, key: PRNGKeyArray) -> BaseHead:
        return jax.tree.map(jnp.asarray, base)

    def outputs(
        self, base: BaseHead, parameters: BaseHead, features: Float[ArrayLike, "frame feature"]
    ) -> Float[Array, "frame output"]:
        return parameters(features)
