"""Which layers of a network look along time, and the layers that do."""

import dataclasses

from flax import nnx

from affect_jax.models.parts import Parts, holds, layers, named
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.places import put
from affect_jax.nn.space_time import ChannelTime, TwoPlusOne

FORMS = ("factorized", "channelwise", "dense", "2plus1")
RECURRENT = ("", "gru", "conv_lstm")
OUTPUT_AVERAGES = ("", "warm", "zero_start", "flat")


@dataclasses.dataclass(frozen=True)
class TimeConfig:
    """Which layers of a network over time look along time.

    layers: which 3x3 convolutions do: parts of the network, of which the first that holds a layer counts, with its own
        frames if given: ("head",), ("trunk",), ("all",), () for none, or (("head/blocks/0", 5), "head").
    form: "factorized": a factor of time in the layer's own factors; "channelwise": a factor of time for each input
        channel, before a layer of any kind; "dense": a full kernel; "2plus1": a kernel of space, BatchNorm and ReLU, a
        kernel of time.
    kernel: frames that a layer sees where `layers` says no other number; odd unless causal.
    causal: whether a frame's output may depend on earlier frames only.
    """

    layers: tuple = ("all",)
    form: str = "channelwise"
    kernel: int = 3
    causal: bool = False

    def __post_init__(self):
        if self.form not in FORMS:
            raise ValueError(f"form is '{self.form}'; choose one of {', '.join(FORMS)}")
        TimeLayers.of(self.layers, self.form, self.kernel, self.causal)  # raises where it makes none

    @property
    def choice(self) -> "TimeLayers":
        """Which layers look along time, and how."""
        return TimeLayers.of(self.layers, self.form, self.kernel, self.causal)


@dataclasses.dataclass(frozen=True)
class ClipTimeConfig(TimeConfig):
    """The same for a network with a head, and what else of it looks along time.

    pool: frames of the learned average after spatial pooling; odd unless causal, 1 = none (as published).
    recurrent: "gru" on the features after spatial pooling, "conv_lstm" on the maps before it, or ""; each is added.
    output_average: valence and arousal averaged: "warm" or "zero_start" over the last five frames as EmoNet's
        demonstration does, "zero_start" with its start from zero; "flat" over `output_frames` with equal weights,
        centered or, if causal, the last ones; or "".
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
            raise ValueError(f"recurrent is 'gru' and pool {self.pool}, which stand in one place: set pool=1")
        if self.output_average == "flat":
            _check_frames("output_frames", self.output_frames, self.causal)
        elif self.output_frames:
            raise ValueError(
                f"output_frames is {self.output_frames}, but output_average '{self.output_average}' has a length of "
                "its own: set output_average='flat' or output_frames=0"
            )


def _check_frames(name: str, frames: int, causal: bool) -> None:
    """ValueError for a number of frames that cannot be seen."""
    if frames < 1 or (frames % 2 == 0 and not causal):
        raise ValueError(f"{name} is {frames}; expected an odd number of frames, or any with causal=True")


@dataclasses.dataclass(frozen=True)
class TimeLayers:
    """A choice of the 3x3 convolutions of a network, each with the number of frames that it sees."""

    parts: Parts
    form: str
    kernel: int  # frames where a part has no number of its own
    causal: bool

    @classmethod
    def of(cls, chosen: tuple, form: str, kernel: int, causal: bool) -> "TimeLayers":
        """The choice that a config makes; ValueError where it makes none."""
        given = Parts.of("layers", chosen)
        for part, frames in given.entries:
            if frames is not None:
                _check_frames(f"layers: the kernel of '{part}'", frames, causal)
        _check_frames("kernel", kernel, causal)
        entries = tuple(("" if part == "all" else part, frames) for part, frames in given.entries)
        return cls(Parts("time.layers", entries), form, kernel, causal)

    def reaches(self, part: str) -> bool:
        """Whether any layer inside a part of the network looks along time."""
        near = lambda entry: holds(entry, part) or holds(part, entry)
        return any(near(entry) and (self.kernel if own is None else own) > 1 for entry, own in self.parts.entries)

    def grow(self, network: nnx.Module, *, rngs: nnx.Rngs) -> None:
        """Puts a layer that also looks along time, with newly drawn parameters, in the place of each chosen one.

        ValueError for a part that holds no 3x3 convolution, and for a form that a layer cannot take.
        """
        found = layers(network, (Conv3x3, FactorizedConv))
        self.parts.check([named(path) for path in found])
        for path, layer in found.items():
            frames = self.parts.size(named(path), otherwise=1, inside=self.kernel)
            if frames > 1:
                put(network, path, self._grown(named(path), layer, frames, rngs))

    def _grown(self, name: str, layer: nnx.Module, frames: int, rngs: nnx.Rngs) -> nnx.Module:
        inputs, outputs = layer.inputs, layer.outputs
        taps = {"time": frames, "height": 3, "width": 3}
        if self.form == "channelwise":
            return ChannelTime(layer, frames, self.causal)
        if self.form == "2plus1":
            return TwoPlusOne(inputs, outputs, frames, self.causal, rngs=rngs)
        if self.form == "dense":
            return FactorizedConv(inputs, outputs, taps=taps, form="dense", rank=0, causal=self.causal, rngs=rngs)
        if isinstance(layer, Conv3x3):
            factorize = ", or factorize the head first (python -m launch.factorize)" if holds("head", name) else ""
            raise ValueError(
                f"'{name}' has a dense kernel, which has no factors to add time to: choose channelwise or dense "
                f"(--rule of launch.inflate, model.time.form){factorize}"
            )
        options = {"form": layer.form, "rank": dict(layer.rank), "between": layer.between, "dropout": layer.dropout}
        return FactorizedConv(inputs, outputs, taps=taps, causal=self.causal, **options, rngs=rngs)


def looks_along_time(layer: nnx.Module) -> bool:
    """Whether a layer is one of those that `TimeLayers.grow` makes."""
    return isinstance(layer, ChannelTime | TwoPlusOne) or (isinstance(layer, FactorizedConv) and layer.frames > 1)
