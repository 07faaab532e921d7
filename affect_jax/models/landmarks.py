"""The landmark network: the trunk on its own."""

import dataclasses

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.nn.execution import check_execution, execution_named
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class LandmarkNetworkConfig:
    """Sizes of the trunk, which is the whole network."""

    trunk: TrunkConfig = dataclasses.field(default_factory=TrunkConfig)
    execution: str = "auto"  # see `nn.execution.EXECUTIONS`

    def __post_init__(self):
        check_execution(self.execution)

    @property
    def contract(self) -> Contract:
        """Images to landmarks."""
        return Contract(
            predicts=("landmarks",),
            input_px=self.trunk.input_px,
            execution=self.execution,
            largest_map=self.trunk.largest_map,
        )


class LandmarkNetwork(nnx.Module):
    """The trunk on its own, trained on landmarks."""

    def __init__(self, config: LandmarkNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(self, images: Float[Array, "*batch height width 3"], *, rngs: nnx.Rngs | None = None) -> Predictions:
        """Raw heatmaps [batch, module, height, width, 68]; `rngs` is unused, since there is no dropout.

        ValueError if the images are of another size, dtype, layout or range.
        """
        del rngs
        check_crops(images, self.config.trunk.input_px)
        return Predictions(landmarks=jnp.stack(self.trunk(images).heatmaps, axis=-4))
