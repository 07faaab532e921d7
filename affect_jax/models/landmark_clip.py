"""The landmark network for clips."""

import dataclasses

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.models.time_layers import TimeConfig
from affect_jax.nn.execution import check_execution, execution_named
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class LandmarkClipNetworkConfig:
    """Sizes of the trunk, and which of its layers are temporal."""

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
    """Heatmaps of 68 landmarks for every frame of a clip: the trunk with temporal layers."""

    def __init__(self, config: LandmarkClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        config.time.choice.grow(self, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Raw heatmaps [batch, time, module, height, width, 68]; `rngs` is unused, since there is no dropout.

        ValueError if the frames are of another size, dtype, layout or range.
        """
        del rngs
        check_crops(clips, self.config.trunk.input_px, over_time=True)
        return Predictions(landmarks=jnp.stack(self.trunk(clips).heatmaps, axis=-4))
