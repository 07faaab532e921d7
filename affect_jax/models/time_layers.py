"""Which layers of a network look along time, and the layers that do."""

import dataclasses

from flax import nnx

from affect_jax.models.parts import Parts, holds, layers, named
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.places import put
from affect_jax.nn.space_time import ChannelTime, TwoPlusOne

FORMS = ("factorized", "channelwise", "dense", "2plus1")


@dataclasses.dataclass(frozen=True)
class TimeConfig:
    """Which layers of a clip network look along time; joined to the config of a static network.

    time_layers: which 3x3 convolutions do: "head", "trunk", "all", "none", or parts of the network by comma, of which
        the first that holds a layer counts, with its own frames if given: "head/blocks/0=5,head,trunk/block_wide".
    time_form: "factorized": a factor of time in the layer's own factors; "channelwise": a factor of time for each input
        channel, before a layer of any kind; "dense": a full kernel; "2plus1": a kernel of space, BatchNorm and ReLU, a
        kernel of time.
    time_kernel: frames that a layer sees where `time_layers` says no other number; odd unless causal.
    causal: whether a frame's output may depend on earlier frames only.
    """

    time_layers: str = "all"
    time_form: str = "channelwise"
    time_kernel: int = 3
    causal: bool = False

    def __post_init__(self):
        super().__post_init__()  # of the static network's config
        if self.time_form not in FORMS:
            raise ValueError(f"time_form is '{self.time_form}'; choose one of {', '.join(FORMS)}")
        TimeLayers.of(self.time_layers, self.time_form, self.time_kernel, self.causal)  # raises where it makes none

    @property
    def time(self) -> "TimeLayers":
        """Which layers look along time, and how."""
        return TimeLayers.of(self.time_layers, self.time_form, self.time_kernel, self.causal)


@dataclasses.dataclass(frozen=True)
class TimeLayers:
    """A choice of the 3x3 convolutions of a network, each with the number of frames that it sees."""

    parts: Parts
    form: str
    kernel: int  # frames where a part has no number of its own
    causal: bool

    @classmethod
    def of(cls, text: str, form: str, kernel: int, causal: bool) -> "TimeLayers":
        """The choice that a config's text makes; ValueError where it makes none."""
        words = Parts.of("time_layers", "" if text == "none" else text)
        entries = tuple(("" if part == "all" else part, frames) for part, frames in words.entries)
        for part, frames in (*words.entries, ("", kernel)):
            if frames is not None and (frames < 1 or (frames % 2 == 0 and not causal)):
                name = f"time_layers: the kernel of '{part}'" if part else "time_kernel"
                raise ValueError(f"{name} is {frames}; expected an odd number of frames, or any with causal=True")
        return cls(Parts("time_layers", entries), form, kernel, causal)

    def reaches(self, part: str) -> bool:
        """Whether any layer inside a part of the network looks along time."""
        near = lambda entry: holds(entry, part) or holds(part, entry)
        return any(near(entry) and (self.kernel if own is None else own) > 1 for entry, own in self.parts.entries)

    def grow(self, network: nnx.Module, *, rngs: nnx.Rngs) -> None:
        """Puts a layer that also looks along time, with numbers drawn anew, in the place of each chosen one.

        ValueError for a part that holds no 3x3 convolution, and for a form that a layer cannot take.
        """
        found = layers(network, (Conv3x3, FactorizedConv))
        self.parts.check([named(path) for path in found])
        for path, layer in found.items():
            frames = self.parts.number(named(path), otherwise=1, inside=self.kernel)
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
                f"(--rule of launch.inflate, model.time_form){factorize}"
            )
        options = {"form": layer.form, "rank": dict(layer.rank), "between": layer.between, "dropout": layer.dropout}
        return FactorizedConv(inputs, outputs, taps=taps, causal=self.causal, **options, rngs=rngs)


def looks_along_time(layer: nnx.Module) -> bool:
    """Whether a layer is one of those that `TimeLayers.grow` makes."""
    return isinstance(layer, ChannelTime | TwoPlusOne) or (isinstance(layer, FactorizedConv) and layer.frames > 1)
