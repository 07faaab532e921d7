"""The clip network: the static network, some of whose layers look along time."""

import dataclasses

from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.emonet import EmoNetConfig, affect_head, head_inputs
from affect_jax.models.fan import FAN
from affect_jax.models.time_layers import TimeConfig
from affect_jax.nn.execution import execution_named
from affect_jax.nn.frames import TemporalPool, per_frame
from affect_jax.nn.moving_average import MovingAverage
from affect_jax.nn.recurrent import ConvLSTMOverTime, GRUOverTime
from affect_jax.types import Predictions

RECURRENT = ("", "gru", "conv_lstm")
OUTPUT_AVERAGES = ("", "warm", "zero_start")


@dataclasses.dataclass(frozen=True)
class ClipNetworkConfig(TimeConfig, EmoNetConfig):
    """The static network's sizes, which of its layers look along time, and what else does.

    head_rank: as in the static network; the paper's ranks are not known, the default is ours.
    time_pool: frames of the learned average after spatial pooling; odd unless causal, 1 = none (as published).
    recurrent: "gru" on the features after spatial pooling, "conv_lstm" on the maps before it, or ""; each is added.
    output_average: "warm" or "zero_start": valence and arousal averaged over the last five frames as EmoNet's
        demonstration does, "zero_start" with its start from zero; or "".
    """

    head_rank: int = 64
    time_layers: str = "head"
    time_form: str = "factorized"
    time_pool: int = 9
    recurrent: str = ""
    output_average: str = ""

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("recurrent", RECURRENT), ("output_average", OUTPUT_AVERAGES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is '{getattr(self, name)}'; choose {', '.join(known[1:])} or ''")
        if self.time_pool < 1 or (self.time_pool % 2 == 0 and not self.causal):
            raise ValueError(
                f"time_pool is {self.time_pool}; expected an odd number of frames, or any with causal=True"
            )
        if self.recurrent == "gru" and self.time_pool > 1:
            raise ValueError(
                f"recurrent is 'gru' and time_pool {self.time_pool}, which stand in one place: set time_pool=1"
            )


class ClipNetwork(nnx.Module):
    """Clips to valence, arousal and emotion of every frame: the static network with layers that also look along time.

    Heatmaps are not returned: for a clip they would be most of the memory.
    Source: Kossaifi et al., Factorized Higher-Order CNNs with an application to spatio-temporal emotion estimation,
    CVPR 2020.
    """

    def __init__(self, config: ClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config, rngs=rngs)
        over = {}
        if config.time_pool > 1:
            over["time_features"] = TemporalPool(config.head_channels, config.time_pool, config.causal)
        if config.recurrent == "gru":
            over["time_features"] = GRUOverTime(config.head_channels, causal=config.causal, rngs=rngs)
        if config.recurrent == "conv_lstm":
            over["time_maps"] = ConvLSTMOverTime(config.widths[-1], causal=config.causal, rngs=rngs)
        self.head = affect_head(config, **over, rngs=rngs)
        zero_start = config.output_average == "zero_start"
        self.output_average = MovingAverage(zero_start=zero_start) if config.output_average else None
        config.resize(self, rngs=rngs)
        config.time.grow(self, rngs=rngs)
        self.set_attributes(execution=execution_named(config.execution))

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Linear outputs [batch, time, ..] for frames in [0, 1]; `rngs` feeds the dropout in training."""
        see = lambda images: head_inputs(self.trunk(images), self.config)
        seen = see(clips) if self.config.time.reaches("trunk") else per_frame(see, clips)
        emotion_logits, valence_arousal = self.head(*seen, rngs=rngs)
        if self.output_average is not None:
            valence_arousal = self.output_average(valence_arousal)
        return Predictions(valence_arousal=valence_arousal, emotion=emotion_logits)
