"""The clip network: the static network, some of whose layers look along time."""

import dataclasses

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.models.head import HeadConfig, affect_head, check_sizes, head_inputs, pooled_channels, resize_layers
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.execution import check_execution, execution_named
from affect_jax.nn.frames import TemporalPool, per_frame
from affect_jax.nn.moving_average import MovingAverage, flat_average
from affect_jax.nn.recurrent import ConvLSTMOverTime, GRUOverTime
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class ClipNetworkConfig:
    """The static network's sizes, which of its layers look along time, and what else does.

    head.rank: as in the static network; the paper's ranks are not known, the default is ours.
    """

    trunk: TrunkConfig = dataclasses.field(default_factory=TrunkConfig)
    head: HeadConfig = dataclasses.field(default_factory=lambda: HeadConfig(rank=64))
    time: ClipTimeConfig = dataclasses.field(default_factory=ClipTimeConfig)
    execution: str = "auto"  # see `nn.execution.EXECUTIONS`
    emotions: int = 8

    def __post_init__(self):
        check_execution(self.execution)
        check_sizes(self.trunk, self.head, self.emotions)

    @property
    def contract(self) -> Contract:
        """Clips to valence, arousal and emotion."""
        return Contract(
            predicts=("valence_arousal", "emotion"),
            input_px=self.trunk.input_px,
            over_time=True,
            causal=self.time.causal,
            execution=self.execution,
            largest_map=self.trunk.largest_map,
        )


class ClipNetwork(nnx.Module):
    """Clips to valence, arousal and emotion of every frame: the static network with layers that also look along time.

    Heatmaps are not returned: for a clip they would be most of the memory.
    Source: Kossaifi et al., Factorized Higher-Order CNNs with an application to spatio-temporal emotion estimation,
    CVPR 2020.
    """

    def __init__(self, config: ClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        over_time = _layers_of_head(config, rngs=rngs)
        self.head = affect_head(config.trunk, config.head, config.emotions, **over_time, rngs=rngs)
        self.output_average = _output_average(config.time)
        resize_layers(self, config.head, rngs=rngs)
        config.time.choice.grow(self, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Linear outputs [batch, time, ..] for frames in [0, 1]; `rngs` feeds the dropout in training."""
        see = lambda images: head_inputs(self.trunk(images), self.config.trunk, self.config.head)
        seen = see(clips) if self.config.time.choice.reaches("trunk") else per_frame(see, clips)
        emotion_logits, valence_arousal = self.head(*seen, rngs=rngs)
        if self.output_average is not None:
            valence_arousal = self.output_average(valence_arousal)
        return Predictions(valence_arousal=valence_arousal, emotion=emotion_logits)


def _layers_of_head(config: ClipNetworkConfig, *, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """What a head has along time besides its convolutions, by the slot of the head."""
    time, made = config.time, {}
    channels = pooled_channels(config.trunk, config.head)
    if time.pool > 1:
        made["time_features"] = TemporalPool(channels, time.pool, time.causal)
    if time.recurrent == "gru":
        made["time_features"] = GRUOverTime(channels, causal=time.causal, rngs=rngs)
    if time.recurrent == "conv_lstm":
        made["time_maps"] = ConvLSTMOverTime(config.trunk.widths[-1], causal=time.causal, rngs=rngs)
    return made


def _output_average(time: ClipTimeConfig) -> MovingAverage | None:
    if not time.output_average:
        return None
    if time.output_average == "flat":
        return flat_average(time.output_frames, time.causal)
    return MovingAverage(zero_start=time.output_average == "zero_start")
