"""Fine-tuning of low-rank additions to the base network's last layers."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.labeled import Labeled
from affect_jax.personal.sources import BaseHead
from affect_jax.personal.tuned import FineTuned
from affect_jax.types import ArrayLike

RANK = 2  # of each addition; an output layer with two outputs could not use more


@dataclasses.dataclass(frozen=True)
class LowRank(FineTuned):
    """kernel + down @ up for each layer, `up` starting at 0, and a bias.

    Source: Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022, section 4.1 (their A is `down`,
    their B `up`; the scale alpha / r is 1). The bias of the outputs, which learns too, is ours.
    """

    name: str = "low_rank"

    def start(self, base: BaseHead, labeled: Labeled, key: PRNGKeyArray) -> dict[str, Any]:
        keys = dict(zip(base.layers, jax.random.split(key), strict=False))
        parameters = {"bias": jnp.zeros_like(base.output_bias)}
        for layer in keys:
            inputs, outputs = getattr(base, f"{layer}_kernel").shape
            parameters[f"{layer}_down"] = jax.random.normal(keys[layer], (inputs, RANK)) / jnp.sqrt(1.0 * inputs)
            parameters[f"{layer}_up"] = jnp.zeros((RANK, outputs))
        return parameters

    def outputs(
        self, base: BaseHead, parameters: dict[str, Any], features: Float[ArrayLike, "frame feature"]
    ) -> Float[Array, "frame output"]:
        return merge(base, parameters)(features)


def merge(base: BaseHead, parameters: dict[str, Any]) -> BaseHead:
    """The head with the additions in its own kernels, which costs nothing more than the base head when predicting."""
    merged = {"output_bias": base.output_bias + parameters["bias"]}
    for layer in base.layers:
        down, up = parameters[f"{layer}_down"], parameters[f"{layer}_up"]
        added = jnp.matmul(down, up, precision=jax.lax.Precision.HIGHEST)
        merged[f"{layer}_kernel"] = getattr(base, f"{layer}_kernel") + added
    return dataclasses.replace(base, **merged)
