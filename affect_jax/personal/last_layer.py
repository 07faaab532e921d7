"""Fine-tuning of the base network's last layer."""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.labeled import Labeled
from affect_jax.personal.sources import BaseHead
from affect_jax.personal.tuned import FineTuned
from affect_jax.types import ArrayLike


@dataclasses.dataclass(frozen=True)
class LastLayer(FineTuned):
    """The output layer learns; the hidden layer stays."""

    name: str = "last_layer"

    def start(self, base: BaseHead, labeled: Labeled, key: PRNGKeyArray) -> dict[str, Any]:
        return {"output_kernel": jnp.asarray(base.output_kernel), "output_bias": jnp.asarray(base.output_bias)}

    def outputs(
        self, base: BaseHead, parameters: dict[str, Any], features: Float[ArrayLike, "frame feature"]
    ) -> Float[Array, "frame output"]:
        return dataclasses.replace(base, **parameters)(features)
