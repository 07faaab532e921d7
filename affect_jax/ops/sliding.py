"""How a kernel slides: taps, padding, stride and dilation of each axis, and dense convolutions on top of that."""

import dataclasses
from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.convolution import convolve

Number = int | Mapping[str, int]  # for every axis, or for the named axes
Ends = str | tuple[int, int]  # "same", "valid" or (zeros before, zeros after)
Padding = Ends | Mapping[str, Ends]


@dataclasses.dataclass(frozen=True)
class Window:
    """How a kernel slides along one axis; `before` and `after` are the zeros padded."""

    taps: int
    before: int
    after: int
    stride: int = 1
    dilation: int = 1

    def output_length(self, length: int) -> int:
        """Number of outputs along an axis of this length; ValueError if the kernel does not fit."""
        span = self.dilation * (self.taps - 1) + 1
        room = length + self.before + self.after - span
        if room < 0:
            raise ValueError(
                f"{self.taps} taps with dilation {self.dilation} span {span} positions, but the axis has {length} and "
                f"its padding {self.before} + {self.after}; pad more or use a shorter kernel"
            )
        return room // self.stride + 1


def windows(
    taps: Mapping[str, int], causal: bool = False, stride: Number = 1, dilation: Number = 1, padding: Padding = "same"
) -> dict[str, Window]:
    """Returns the window of each axis; axes missing from a mapping get stride 1, dilation 1 and padding "same".

    "same" keeps the length at stride 1: the middle tap is aligned with the current position, except along the time
    axis of a causal kernel, where the last tap is, so that no output depends on the future. With a stride, the first
    output stays at the first position.
    ValueError for an axis that the kernel does not have and for values out of range.
    """
    strides = _per_axis(stride, taps, 1, "stride")
    dilations = _per_axis(dilation, taps, 1, "dilation")
    paddings = _per_axis(padding, taps, "same", "padding")
    result = {}
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
        before, after = ends
        result[name] = Window(count, before, after, strides[name], dilations[name])
    return result


def _per_axis(value, taps: Mapping[str, int], default, option: str) -> dict:
    """Expands an option to every axis of `taps`."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(taps, value)
    if unknown := sorted(set(value) - set(taps)):
        raise ValueError(f"{option} names {', '.join(unknown)}, but the kernel slides along {', '.join(taps)}")
    return {name: value.get(name, default) for name in taps}


def slice_per_tap(signal: Float[Array, "..."], axis: int, window: Window) -> list[Array]:
    """Returns, for each tap, the inputs along `axis` that it multiplies: one for each output."""
    length = window.output_length(signal.shape[axis])
    padding = [(0, 0)] * signal.ndim
    padding[axis] = (window.before, window.after)
    padded = jnp.pad(signal, padding)
    reach = (length - 1) * window.stride + 1
    starts = [tap * window.dilation for tap in range(window.taps)]
    return [jax.lax.slice_in_dim(padded, start, start + reach, window.stride, axis) for start in starts]


def convolve_along(
    signal: Float[Array, "*axes input"], kernel: Float[Array, "taps input output"], axis: int, window: Window
) -> Float[Array, "*out output"]:
    """Dense convolution along one axis, as a sum of matrix products over the taps."""
    parts = slice_per_tap(signal, axis, window)
    return sum(part @ matrix for part, matrix in zip(parts, kernel, strict=True))


def convolve_dense(
    signal: Float[Array, "*axes input"], kernel: Float[Array, "*taps input output"], along: tuple[Window, ...]
) -> Float[Array, "*out output"]:
    """Dense convolution along the 1 to 4 axes before the channel; all axes before them are batch.

    XLA has no convolution along four axes, and on CPUs its convolution along three takes more than twice as long as
    this one: a sum, over the taps of the first axis, of convolutions along the other axes.
    """
    count = len(along)
    if count == 1:
        return convolve_along(signal, kernel, signal.ndim - 2, along[0])
    batch, axes = signal.shape[: -count - 1], signal.shape[-count - 1 : -1]
    for window, length in zip(along, axes, strict=True):
        # Raises a clearer error than XLA would.
        window.output_length(length)
    if count > (2 if jax.default_backend() == "cpu" else 3):
        parts = slice_per_tap(signal, len(batch), along[0])
        return sum(convolve_dense(part, taps, along[1:]) for part, taps in zip(parts, kernel, strict=True))
    result = convolve(
        signal.reshape(-1, *axes, signal.shape[-1]),
        kernel,
        strides=[window.stride for window in along],
        padding=[(window.before, window.after) for window in along],
        dilation=[window.dilation for window in along],
    )
    return result.reshape(*batch, *result.shape[1:])


def convolve_each(
    signal: Float[Array, "*axes rank"], kernel: Float[Array, "*taps rank"], along: tuple[Window, ...]
) -> Float[Array, "*out rank"]:
    """Depthwise convolution along the axes before the channel, as a single sum over all taps."""
    if not along:
        return signal * jnp.expand_dims(kernel, range(signal.ndim - 1))
    parts = slice_per_tap(signal, signal.ndim - 1 - len(along), along[0])
    return sum(convolve_each(part, taps, along[1:]) for part, taps in zip(parts, kernel, strict=True))
