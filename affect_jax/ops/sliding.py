"""How a kernel slides: taps, padding, stride and dilation of each axis, and dense convolutions that slide so."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

LAYOUTS = {2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}

Number = int | Mapping[str, int]  # of every axis, or of the named axes
Ends = str | tuple[int, int]  # "same", "valid" or (zeros before, zeros after)
Padding = Ends | Mapping[str, Ends]


@dataclasses.dataclass(frozen=True)
class Window:
    """How a kernel slides along one axis: its taps, the zeros put before and after, its steps, the taps' distance."""

    taps: int
    before: int
    after: int
    stride: int = 1
    dilation: int = 1

    def places(self, length: int) -> int:
        """Outputs along an axis of that length; ValueError if there is none."""
        span = self.dilation * (self.taps - 1) + 1
        room = length + self.before + self.after - span
        if room < 0:
            raise ValueError(
                f"{self.taps} taps with dilation {self.dilation} span {span} places, but the axis has {length} and its "
                f"padding {self.before} + {self.after}; pad more or take a shorter kernel"
            )
        return room // self.stride + 1


def windows(
    taps: Mapping[str, int], causal: bool = False, stride: Number = 1, dilation: Number = 1, padding: Padding = "same"
) -> dict[str, Window]:
    """The window of each axis of a kernel with these taps; axes that a mapping does not name take 1 and "same".

    "same" keeps the length at stride 1: the middle tap meets the present place, and of a causal kernel's time axis
    the last one, so that no output looks ahead. With a stride the first output stays at the first place.
    ValueError for an axis that the kernel has not, and for numbers that make no window.
    """
    strides, dilations = (_named(n, taps, 1, word) for n, word in ((stride, "stride"), (dilation, "dilation")))
    paddings = _named(padding, taps, "same", "padding")
    found = {}
    for name, count in taps.items():
        if strides[name] < 1 or dilations[name] < 1:
            raise ValueError(
                f"{name}: stride {strides[name]}, dilation {dilations[name]}; expected both to be 1 or more"
            )
        span = dilations[name] * (count - 1)
        before = span if causal and name == "time" else dilations[name] * (count // 2)
        ends = {"same": (before, span - before), "valid": (0, 0)}.get(paddings[name], paddings[name])
        if isinstance(ends, str) or len(ends) != 2 or min(ends) < 0:
            raise ValueError(f"{name}: padding is {ends!r}; expected 'same', 'valid' or (zeros before, zeros after)")
        found[name] = Window(count, *ends, strides[name], dilations[name])
    return found


def _named(value, taps: Mapping[str, int], default, word: str) -> dict:
    """`value` for every axis of `taps`."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(taps, value)
    if unknown := sorted(set(value) - set(taps)):
        raise ValueError(f"{word} names {', '.join(unknown)}, but the kernel slides along {', '.join(taps)}")
    return {name: value.get(name, default) for name in taps}


def met(signal: Float[Array, "..."], axis: int, window: Window) -> list[Array]:
    """For each tap, what it meets along `axis`: one place for each output."""
    length = window.places(signal.shape[axis])
    padding = [(0, 0)] * signal.ndim
    padding[axis] = (window.before, window.after)
    padded, reach = jnp.pad(signal, padding), (length - 1) * window.stride + 1
    firsts = [tap * window.dilation for tap in range(window.taps)]
    return [jax.lax.slice_in_dim(padded, first, first + reach, window.stride, axis) for first in firsts]


def convolve_along(
    signal: Float[Array, "*axes input"], kernel: Float[Array, "taps input output"], axis: int, window: Window
) -> Float[Array, "*out output"]:
    """A dense convolution along one axis: the sum of matrix products over the taps."""
    return sum(part @ matrix for part, matrix in zip(met(signal, axis, window), kernel, strict=True))


def convolve_dense(
    signal: Float[Array, "*axes input"], kernel: Float[Array, "*taps input output"], along: tuple[Window, ...]
) -> Float[Array, "*out output"]:
    """A dense convolution along the 1 to 4 axes before the channel; what stands before them is batch.

    Four axes, and on a CPU three, are done as a sum over the taps of the first of convolutions along the others:
    XLA's own convolution along three axes takes more than twice the time there, and it has none along four.
    """
    count = len(along)
    if count == 1:
        return convolve_along(signal, kernel, signal.ndim - 2, along[0])
    batch, axes = signal.shape[: -count - 1], signal.shape[-count - 1 : -1]
    for window, length in zip(along, axes, strict=True):
        window.places(length)
    if count > (2 if jax.default_backend() == "cpu" else 3):
        parts = met(signal, len(batch), along[0])
        return sum(convolve_dense(part, taps, along[1:]) for part, taps in zip(parts, kernel, strict=True))
    result = jax.lax.conv_general_dilated(
        signal.reshape(-1, *axes, signal.shape[-1]),
        kernel,
        window_strides=[window.stride for window in along],
        padding=[(window.before, window.after) for window in along],
        rhs_dilation=[window.dilation for window in along],
        dimension_numbers=LAYOUTS[count],
    )
    return result.reshape(*batch, *result.shape[1:])


def convolve_each(
    signal: Float[Array, "*axes rank"], kernel: Float[Array, "*taps rank"], along: tuple[Window, ...]
) -> Float[Array, "*out rank"]:
    """Each channel convolved with a kernel of its own along the axes before it, as one sum over all taps."""
    if not along:
        return signal * jnp.expand_dims(kernel, range(signal.ndim - 1))
    parts = met(signal, signal.ndim - 1 - len(along), along[0])
    return sum(convolve_each(part, taps, along[1:]) for part, taps in zip(parts, kernel, strict=True))
