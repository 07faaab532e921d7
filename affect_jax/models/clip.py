"""The clip network: the static network with temporal layers."""

import dataclasses
from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.contract import Contract
from affect_jax.models.fan import FAN, TrunkConfig
from affect_jax.models.head import (
    OUTPUT_LAYERS,
    HeadConfig,
    affect_head,
    check_emotions,
    check_sizes,
    head_inputs,
    pooled_channels,
    resize_layers,
)
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.execution import DIRECT, check_execution, execution_named
from affect_jax.nn.experts import MixtureConfig
from affect_jax.nn.frames import TemporalPool, per_frame
from affect_jax.nn.heads import PoolingHead
from affect_jax.nn.moving_average import MovingAverage, flat_average
from affect_jax.nn.recurrent import ConvLSTMOverTime, GRUOverTime
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions


@dataclasses.dataclass(frozen=True)
class ClipBackboneConfig:
    """Sizes of the static network, which of its layers are temporal, and the temporal layers added to it.

    head.rank: as in the static network; the paper does not give its ranks, so the default is ours.
    """

    trunk: TrunkConfig = dataclasses.field(default_factory=TrunkConfig)
    head: HeadConfig = dataclasses.field(default_factory=lambda: HeadConfig(rank=64))
    time: ClipTimeConfig = dataclasses.field(default_factory=ClipTimeConfig)
    execution: str = "auto"  # see `nn.execution.EXECUTIONS`

    def __post_init__(self):
        check_execution(self.execution)
        check_sizes(self.trunk, self.head)

    def predicting(self, quantities: Sequence[str], outputs: Sequence[str]) -> Contract:
        """The contract of a network that predicts quantities for every frame of a clip, by layers of these paths."""
        return Contract(
            predicts=tuple(quantities),
            input_px=self.trunk.input_px,
            over_time=True,
            causal=self.time.causal,
            execution=self.execution,
            features=pooled_channels(self.trunk, self.head),
            outputs=tuple(outputs),
            largest_map=self.trunk.largest_map,
        )


@dataclasses.dataclass(frozen=True)
class ClipNetworkConfig(ClipBackboneConfig):
    """Sizes of the static network, which of its layers are temporal, and the temporal layers added to it.

    head.rank: as in the static network; the paper does not give its ranks, so the default is ours.
    experts: as in the static network.
    """

    emotions: int = 8
    experts: MixtureConfig = dataclasses.field(default_factory=MixtureConfig)

    def __post_init__(self):
        check_emotions(self.emotions)
        super().__post_init__()

    @property
    def contract(self) -> Contract:
        """Clips to valence, arousal and emotion."""
        made = self.predicting(("valence_arousal", "emotion"), OUTPUT_LAYERS)
        return dataclasses.replace(made, splits_time=self._splits_time)

    @property
    def _splits_time(self) -> bool:
        only_factors = self.head.rank > 0 and self.head.form == "cp" and self.time.form == "factorized"
        per_frame_trunk = not self.time.choice.reaches("trunk")
        return only_factors and per_frame_trunk and not self.time.recurrent and not self.time.output_average


class ClipBackbone(nnx.Module):
    """Pooled features of every frame of a clip, by the static network with temporal layers.

    `make_head` makes the head from `time_maps` and `time_features`, its temporal layers other than convolutions.
    Source: Kossaifi et al., Factorized Higher-Order CNNs with an application to spatio-temporal emotion estimation,
    CVPR 2020.
    """

    def __init__(self, config: ClipBackboneConfig, make_head: Callable[..., PoolingHead], *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config.trunk, rngs=rngs)
        self.head = make_head(**_temporal_head_layers(config, rngs=rngs), rngs=rngs)
        self.gives_features = False  # set by models.features.with_features
        self.output_average = _output_average(config.time)
        resize_layers(self, config.head, rngs=rngs)
        config.time.choice.grow(self, rngs=rngs)
        self.execution = DIRECT
        self.set_attributes(execution=execution_named(config.execution))

    def pool(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "batch time feature"]:
        """The pooled features, before an average over frames; `rngs` is used for dropout of components in training.

        ValueError if the frames are of another size, dtype, layout or range.
        """
        check_crops(clips, self.config.trunk.input_px, over_time=True)
        make_inputs = lambda images: head_inputs(self.trunk(images), self.config.trunk, self.config.head)
        if self.config.time.choice.reaches("trunk"):
            inputs = make_inputs(clips)
        else:
            inputs = per_frame(make_inputs, clips, self.execution.split)
        return self.head.pool(*inputs, rngs=rngs)

    def average(self, outputs: Float[Array, "batch time output"]) -> Float[Array, "batch time output"]:
        """The moving average over frames of the options, or the outputs themselves."""
        return outputs if self.output_average is None else self.output_average(outputs)


class ClipNetwork(ClipBackbone):
    """Valence, arousal and emotion for every frame of a clip: the static network with temporal layers.

    Heatmaps are not returned: for a clip, they would take up most of the memory.
    """

    def __init__(self, config: ClipNetworkConfig, *, rngs: nnx.Rngs):
        make_head = lambda **time_layers: affect_head(
            config.trunk, config.head, config.experts, config.emotions, **time_layers
        )
        super().__init__(config, make_head, rngs=rngs)

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Linear outputs [batch, time, ...] for frames in [0, 1]; `rngs` is used for dropout in training.

        ValueError if the frames are of another size, dtype, layout or range.
        """
        pooled = self.pool(clips, rngs=rngs)
        emotion_logits, valence_arousal = self.head.from_features(pooled, rngs=rngs)
        if not self.gives_features:
            return Predictions(valence_arousal=self.average(valence_arousal), emotion=emotion_logits)
        # Averaged together, because in a stream the average keeps one state.
        averaged = self.average(jnp.concatenate([valence_arousal, pooled], axis=-1))
        valence_arousal, pooled = averaged[..., :2], averaged[..., 2:]
        return Predictions(valence_arousal=valence_arousal, emotion=emotion_logits, features=pooled.astype(jnp.float32))

    def affect_layers(self) -> dict[str, Float[np.ndarray, "..."]] | None:
        """The layers from pooled features to valence and arousal; None if the output is averaged over frames."""
        return None if self.output_average is not None else self.head.affect_layers()


def _temporal_head_layers(config: ClipBackboneConfig, *, rngs: nnx.Rngs) -> dict[str, nnx.Module]:
    """The temporal layers of a head other than its convolutions, by slot."""
    time = config.time
    channels = pooled_channels(config.trunk, config.head)
    layers = {}
    if time.pool > 1:
        layers["time_features"] = TemporalPool(channels, time.pool, time.causal)
    if time.recurrent == "gru":
        layers["time_features"] = GRUOverTime(channels, causal=time.causal, rngs=rngs)
    if time.recurrent == "conv_lstm":
        layers["time_maps"] = ConvLSTMOverTime(config.trunk.widths[-1], causal=time.causal, rngs=rngs)
    return layers


def _output_average(time: ClipTimeConfig) -> MovingAverage | None:
    if not time.output_average:
        return None
    if time.output_average == "flat":
        return flat_average(time.output_frames, time.causal)
    return MovingAverage(zero_start=time.output_average == "zero_start")
