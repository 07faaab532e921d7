"""Kernels that gain, lengthen or lose their time axis, and what of their function that keeps.

A tap of the time axis is the present frame: the last one of a causal kernel, the middle one of a centered kernel.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.factors.forms import form_of, kernel_axes

Kernel = Mapping[str, Float[Array, "..."]]


def present_tap(taps: int, causal: bool) -> int:
    """Index of the tap that meets the present frame; ValueError for a centered kernel without a middle."""
    if taps < 1 or (not causal and taps % 2 == 0):
        raise ValueError(f"time kernel has {taps} taps; a centered one needs an odd number, or choose causal")
    return taps - 1 if causal else taps // 2


def inflate(factors: Kernel, taps: int, causal: bool = False) -> dict[str, Array]:
    """Adds a time axis that says "this frame only": the static kernel at the present tap, exact zeros at the others.

    cp: a time factor [taps, R], ones at the present tap. tt: a core that is the identity at the present tap.
    tucker: the identity [taps, taps], and a core whose slice at the present tap is the static core: then every tap
    can learn a kernel of its own. With the core held fixed, "time" alone only weighs the one static kernel per tap.
    dense: "kernel" gains a leading axis.
    """
    form = form_of(factors)
    if "time" in kernel_axes(factors):
        raise ValueError("the kernel has a time factor already; inflate the static kernel")
    here = present_tap(taps, causal)
    if form == "cp":
        scale = factors["scale"]
        return {**factors, "time": jnp.zeros((taps, scale.shape[0]), scale.dtype).at[here].set(1.0)}
    if form == "tt":
        return {
            **factors,
            "time": _only_at(here, taps, jnp.eye(factors["inputs"].shape[1], dtype=factors["inputs"].dtype)),
        }
    if form == "dense":
        return {"kernel": _only_at(here, taps, factors["kernel"])}
    core = factors["core"]
    return {**factors, "time": jnp.eye(taps, dtype=core.dtype), "core": _only_at(here, taps, core)}


def _only_at(here: int, taps: int, array: Float[Array, "*sizes"]) -> Float[Array, "taps *sizes"]:
    return jnp.zeros((taps, *array.shape), array.dtype).at[here].set(array)


def inflate_by_mean(factors: Kernel, taps: int) -> dict[str, Array]:
    """A dense kernel repeated at every tap and divided by their number. It does NOT keep the static outputs.

    They stay only where all frames that a tap meets are alike: not in motion, and not at the ends of a clip, where
    zeros are averaged in. Source: Carreira and Zisserman, Quo vadis, action recognition?, CVPR 2017, section 2.4.
    """
    if form_of(factors) != "dense" or "time" in kernel_axes(factors):
        raise ValueError("the mean over time is offered for dense static kernels only; inflate() keeps the outputs")
    kernel = factors["kernel"]
    return {"kernel": jnp.broadcast_to(kernel / taps, (taps, *kernel.shape))}


def lengthen(
    factors: Kernel,
    taps: int,
    causal_before: bool = False,
    causal_after: bool | None = None,
    links: int | None = None,
) -> dict:
    """The same function by a longer time kernel: its taps around the same present frame, exact zeros around them.

    causal_before and causal_after (None: as before) say what the kernel is now and what it becomes. links: columns of a
    tucker kernel's "time" afterwards (None: as before); each new one is a new tap's, with a slice of zeros in the core,
    as after `inflate`. ValueError where a tap would have no place: a shorter kernel, or one that becomes causal though
    it looks ahead.
    """
    causal_after = causal_before if causal_after is None else causal_after
    form, (name, time) = form_of(factors), _time_of(factors)
    before = present_tap(taps, causal_after) - present_tap(len(time), causal_before)
    after = taps - len(time) - before
    if before < 0 or after < 0:
        raise ValueError(
            f"a time kernel of {len(time)} taps ({_word(causal_before)}) does not fit into one of {taps} taps "
            f"({_word(causal_after)}); choose more taps, or take its time axis off first (drop_time)"
        )
    longer = jnp.pad(time, [(before, after)] + [(0, 0)] * (time.ndim - 1))
    if form == "dense":
        return {"kernel": longer}
    if links is None or links == time.shape[1]:
        return {**factors, name: longer}
    new = [*range(before), *range(taps - after, taps)][: links - time.shape[1]]
    columns = jnp.zeros((taps, links - time.shape[1]), time.dtype).at[jnp.array(new), jnp.arange(len(new))].set(1.0)
    core = jnp.pad(factors["core"], [(0, columns.shape[1])] + [(0, 0)] * (factors["core"].ndim - 1))
    return {**factors, name: jnp.concatenate([longer, columns], axis=1), "core": core}


def drop_time(factors: Kernel, causal: bool = False) -> dict[str, Array]:
    """The static kernel at the present tap; what the other taps hold is lost (nothing, right after inflation)."""
    form, (_, time) = form_of(factors), _time_of(factors)
    present = time[present_tap(len(time), causal)]
    if len(kernel_axes(factors)) == 1:
        raise ValueError("the kernel slides along time only; without that axis nothing of it is left to slide")
    if form == "dense":
        return {"kernel": present}
    rest = {name: array for name, array in factors.items() if name != "time"}
    if form == "cp":
        return {**rest, "scale": rest["scale"] * present}
    if form == "tt":
        return {**rest, "inputs": jnp.matmul(rest["inputs"], present, precision="highest")}
    return {**rest, "core": jnp.tensordot(present, rest["core"], 1, precision="highest")}


def _time_of(factors: Kernel) -> tuple[str, Array]:
    """The array whose first dimension is time, with its name."""
    if "time" not in kernel_axes(factors):
        raise ValueError("the kernel has no time axis; add one with inflate()")
    return ("kernel", factors["kernel"]) if "kernel" in factors else ("time", factors["time"])


def _word(causal: bool) -> str:
    return "causal" if causal else "centered"
