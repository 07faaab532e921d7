"""The landmark network over time."""

import dataclasses

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.models.time_layers import TimeConfig
from affect_jax.nn.execution import check_execution, execution_named
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class LandmarkClipNetworkConfig:
    """The trunk's sizes, and which of its layers look along time."""

    trunk: TrunkConfig = dataclasses.field(default_factory=TrunkConfig)
    time: TimeConfig = dataclasses.field(default_factory=lambda: TimeConfig(layers=("trunk",)))
    execution: str = "auto"  # see `nn.execution.EXECUTIONS`

    def __post_init__(self):
        check_execution(self.execution)

    @property
    def contract(self) -> Contract:
        """Clips to landmarks."""
        return Contract(
            predicts=("landmarks",),
            input_px=self.trunk.input_px,
            over_time=True,
            causal=self.time.causal,
            execution=self.execution,
            largest_map=self.trunk.largest_map,
        )


class LandmarkClipNetwork(nnx.Module):
    """Clips to the heatmaps of 68 landmarks of every frame: the trunk with layers that also look along time."""

    def __init__(self, config: LandmarkClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        config.time.choice.grow(self, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Raw heatmaps [batch, time, module, height, width, 68]; `rngs` is for networks with dropout."""
        del rngs
        return Predictions(landmarks=jnp.stack(self.trunk(clips).heatmaps, axis=-4))
