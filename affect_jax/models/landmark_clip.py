"""The landmark network over time."""

import dataclasses

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.fan import FAN, FANConfig
from affect_jax.models.time_layers import TimeConfig
from affect_jax.nn.execution import execution_named
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class LandmarkClipNetworkConfig(TimeConfig, FANConfig):
    """The trunk's sizes, and which of its layers look along time."""

    time_layers: str = "trunk"


class LandmarkClipNetwork(nnx.Module):
    """Clips to the heatmaps of 68 landmarks of every frame: the trunk with layers that also look along time."""

    def __init__(self, config: LandmarkClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config, rngs=rngs)
        config.time.grow(self, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Raw heatmaps [batch, time, module, height, width, 68]; `rngs` is for networks with dropout."""
        del rngs
        return Predictions(landmarks=jnp.stack(self.trunk(clips).heatmaps, axis=-4))
