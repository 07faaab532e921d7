"""Which layers of a network are temporal, and what they are replaced by."""

import dataclasses

from flax import nnx

from affect_jax.models.parts import Parts, contains, find_layers, join_path
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.places import put
from affect_jax.nn.space_time import ChannelTime, TwoPlusOne

FORMS = ("factorized", "channelwise", "dense", "2plus1")
RECURRENT = ("", "gru", "conv_lstm")
OUTPUT_AVERAGES = ("", "warm", "zero_start", "flat")


@dataclasses.dataclass(frozen=True)
class TimeConfig:
    """Which layers of a clip network are temporal.

    layers: which 3x3 convolutions are temporal, as parts of the network: ("head",), ("trunk",), ("all",), () for none,
        or with a number of frames, as in (("head/blocks/0", 5), "head"); the first part that contains a layer applies.
    form: "factorized": a temporal factor among the layer's own factors; "channelwise": a temporal factor for each input
        channel, before a layer of any kind; "dense": a full kernel; "2plus1": a spatial kernel, BatchNorm, ReLU, and a
        temporal kernel.
    kernel: frames that a layer spans unless `layers` gives another number; odd unless causal.
    causal: whether the output for a frame depends only on that frame and earlier ones.
    """

    layers: tuple = ("all",)
    form: str = "channelwise"
    kernel: int = 3
    causal: bool = False

    def __post_init__(self):
        if self.form not in FORMS:
            raise ValueError(f"form is '{self.form}'; choose one of {', '.join(FORMS)}")
        TimeLayers.of(self.layers, self.form, self.kernel, self.causal)  # raises if invalid

    @property
    def idle(self) -> dict[str, str]:
        """The options without effect, with the reason."""
        return {} if self.layers else dict.fromkeys(("form", "kernel"), "model.time.layers is empty")

    @property
    def choice(self) -> "TimeLayers":
        """Which layers are temporal, and how."""
        return TimeLayers.of(self.layers, self.form, self.kernel, self.causal)


@dataclasses.dataclass(frozen=True)
class ClipTimeConfig(TimeConfig):
    """The same for a network with a head, plus its other temporal layers.

    pool: frames of the learned average after spatial pooling; odd unless causal; 1 = none (as published).
    recurrent: "gru" on the features after spatial pooling, "conv_lstm" on the maps before it, or ""; its output is
        added to its input.
    output_average: moving average of valence and arousal: "warm" or "zero_start" over the last five frames, as in
        EmoNet's demo ("zero_start" also starts from zero as the demo does); "flat" over `output_frames` with equal
        weights, centered or, if causal, over the last ones; or "".
    output_frames: frames of the flat average; odd unless causal.
    """

    layers: tuple = ("head",)
    form: str = "factorized"
    pool: int = 9
    recurrent: str = ""
    output_average: str = ""
    output_frames: int = 0

    def __post_init__(self):
        super().__post_init__()
        for name, known in (("recurrent", RECURRENT), ("output_average", OUTPUT_AVERAGES)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is '{getattr(self, name)}'; choose {', '.join(known[1:])} or ''")
        _check_frames("pool", self.pool, self.causal)
        if self.recurrent == "gru" and self.pool > 1:
            raise ValueError(f"recurrent is 'gru' and pool is {self.pool}, but both fill the same slot: set pool=1")
        if self.output_average == "flat":
            _check_frames("output_frames", self.output_frames, self.causal)
        elif self.output_frames:
            raise ValueError(
                f"output_frames is {self.output_frames}, but output_average '{self.output_average}' does not use it: "
                "set output_average='flat' or output_frames=0"
            )


def _check_frames(name: str, frames: int, causal: bool) -> None:
    """Raises ValueError for an impossible number of frames."""
    if frames < 1 or (frames % 2 == 0 and not causal):
        raise ValueError(f"{name} is {frames}; expected an odd number of frames, or any with causal=True")


@dataclasses.dataclass(frozen=True)
class TimeLayers:
    """A selection of the 3x3 convolutions of a network, each with the number of frames that it spans."""

    parts: Parts
    form: str
    kernel: int  # frames for parts without a number of their own
    causal: bool

    @classmethod
    def of(cls, chosen: tuple, form: str, kernel: int, causal: bool) -> "TimeLayers":
        """Parses the selection of a config; ValueError if it is invalid."""
        given = Parts.of("layers", chosen)
        for part, frames in given.entries:
            if frames is not None:
                _check_frames(f"layers: the kernel of '{part}'", frames, causal)
        _check_frames("kernel", kernel, causal)
        entries = tuple(("" if part == "all" else part, frames) for part, frames in given.entries)
        return cls(Parts("time.layers", entries), form, kernel, causal)

    def reaches(self, part: str) -> bool:
        """Whether any layer inside a part of the network is temporal."""
        for entry, own_frames in self.parts.entries:
            overlap = contains(entry, part) or contains(part, entry)
            frames = self.kernel if own_frames is None else own_frames
            if overlap and frames > 1:
                return True
        return False

    def grow(self, network: nnx.Module, *, rngs: nnx.Rngs) -> None:
        """Replaces each selected layer by a temporal one with newly initialized parameters.

        ValueError for a part that contains no 3x3 convolution, and for a form that a layer cannot take.
        """
        found = find_layers(network, (Conv3x3, FactorizedConv))
        self.parts.check([join_path(path) for path in found])
        for path, layer in found.items():
            frames = self.parts.size(join_path(path), outside=1, inside=self.kernel)
            if frames > 1:
                put(network, path, self._temporal_layer(join_path(path), layer, frames, rngs))

    def _temporal_layer(self, name: str, layer: nnx.Module, frames: int, rngs: nnx.Rngs) -> nnx.Module:
        inputs, outputs = layer.inputs, layer.outputs
        taps = {"time": frames, "height": 3, "width": 3}
        if self.form == "channelwise":
            return ChannelTime(layer, frames, self.causal)
        if self.form == "2plus1":
            return TwoPlusOne(inputs, outputs, frames, self.causal, rngs=rngs)
        if self.form == "dense":
            return FactorizedConv(inputs, outputs, taps=taps, form="dense", rank=0, causal=self.causal, rngs=rngs)
        if isinstance(layer, Conv3x3):
            factorize = ", or factorize the head first (python -m launch.factorize)" if contains("head", name) else ""
            raise ValueError(
                f"'{name}' has a dense kernel, without factors to add a temporal one to: choose channelwise or dense "
                f"(--rule of launch.inflate, model.time.form){factorize}"
            )
        options = {"form": layer.form, "rank": dict(layer.rank), "between": layer.between, "dropout": layer.dropout}
        return FactorizedConv(inputs, outputs, taps=taps, causal=self.causal, **options, rngs=rngs)


def is_temporal(layer: nnx.Module) -> bool:
    """Whether a layer is of the kind that `TimeLayers.grow` makes."""
    return isinstance(layer, ChannelTime | TwoPlusOne) or (isinstance(layer, FactorizedConv) and layer.frames > 1)
