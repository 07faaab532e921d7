"""Adding, lengthening and dropping the time axis of a kernel, and which outputs that preserves.

One tap of the time axis is aligned with the current frame: the last tap of a causal kernel, the middle tap of a
centered one.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.ops.factors.forms import form_of, kernel_axes

Kernel = Mapping[str, Float[Array, "..."]]


def present_tap(taps: int, causal: bool) -> int:
    """Index of the tap aligned with the current frame; ValueError for a centered kernel with an even number of taps."""
    if taps < 1 or (not causal and taps % 2 == 0):
        raise ValueError(f"time kernel has {taps} taps; a centered one needs an odd number, or choose causal")
    return taps - 1 if causal else taps // 2


def inflate(factors: Kernel, taps: int, causal: bool = False) -> dict[str, Array]:
    """Adds a time axis: the static kernel at the present tap, exact zeros at the others, so outputs do not change.

    cp: a time factor [taps, R] that is 1 at the present tap. tt: a core that is the identity at the present tap.
    tucker: the identity [taps, taps], and a core whose slice at the present tap is the static core, so that every tap
    can learn its own kernel; if the core stays frozen, "time" alone only scales the one static kernel at each tap.
    dense: "kernel" gains a leading axis.
    """
    form = form_of(factors)
    if "time" in kernel_axes(factors):
        raise ValueError("the kernel already has a time factor; inflate the static kernel")
    present = present_tap(taps, causal)
    if form == "cp":
        scale = factors["scale"]
        time = jnp.zeros((taps, scale.shape[0]), scale.dtype).at[present].set(1.0)
        return {**factors, "time": time}
    if form == "tt":
        inputs = factors["inputs"]
        identity = jnp.eye(inputs.shape[1], dtype=inputs.dtype)
        return {**factors, "time": _zeros_except(present, taps, identity)}
    if form == "dense":
        return {"kernel": _zeros_except(present, taps, factors["kernel"])}
    core = factors["core"]
    time = jnp.eye(taps, dtype=core.dtype)
    return {**factors, "time": time, "core": _zeros_except(present, taps, core)}


def _zeros_except(present: int, taps: int, array: Float[Array, "*sizes"]) -> Float[Array, "taps *sizes"]:
    return jnp.zeros((taps, *array.shape), array.dtype).at[present].set(array)


def inflate_by_mean(factors: Kernel, taps: int) -> dict[str, Array]:
    """Repeats a dense kernel at every tap, divided by the number of taps. This does NOT preserve the static outputs.

    Outputs are the same only where all frames under the kernel are equal: not under motion, and not at the ends of a
    clip, where zeros are averaged in.
    Source: Carreira and Zisserman, Quo vadis, action recognition?, CVPR 2017, section 2.4.
    """
    if form_of(factors) != "dense" or "time" in kernel_axes(factors):
        raise ValueError("inflation by the mean needs a dense static kernel; inflate() keeps the outputs of any form")
    kernel = factors["kernel"]
    return {"kernel": jnp.broadcast_to(kernel / taps, (taps, *kernel.shape))}


def lengthen(
    factors: Kernel,
    taps: int,
    causal_before: bool = False,
    causal_after: bool | None = None,
    links: int | None = None,
) -> dict:
    """Pads the time axis with zeros around the same present tap, so that outputs do not change.

    causal_before, causal_after: whether the kernel is causal now and afterwards (None: as before).
    links: columns of a tucker kernel's "time" afterwards (None: as before); each new column belongs to a new tap and
        gets a slice of zeros in the core, as after `inflate`.
    ValueError if an existing tap would be cut off: for a shorter kernel, or one that looks ahead and becomes causal.
    """
    causal_after = causal_before if causal_after is None else causal_after
    form = form_of(factors)
    name, time = _time_of(factors)
    before = present_tap(taps, causal_after) - present_tap(len(time), causal_before)
    after = taps - len(time) - before
    if before < 0 or after < 0:
        raise ValueError(
            f"a time kernel of {len(time)} taps ({_word(causal_before)}) does not fit into one of {taps} taps "
            f"({_word(causal_after)}); choose more taps, or remove its time axis first (drop_time)"
        )
    longer = jnp.pad(time, [(before, after)] + [(0, 0)] * (time.ndim - 1))
    if form == "dense":
        return {"kernel": longer}
    if links is None or links == time.shape[1]:
        return {**factors, name: longer}
    count = links - time.shape[1]
    new_taps = [*range(before), *range(taps - after, taps)][:count]
    columns = jnp.zeros((taps, count), time.dtype).at[jnp.array(new_taps), jnp.arange(len(new_taps))].set(1.0)
    core = jnp.pad(factors["core"], [(0, count)] + [(0, 0)] * (factors["core"].ndim - 1))
    return {**factors, name: jnp.concatenate([longer, columns], axis=1), "core": core}


def drop_time(factors: Kernel, causal: bool = False) -> dict[str, Array]:
    """Returns the static kernel at the present tap; the other taps are lost (right after inflation, they are zero)."""
    form = form_of(factors)
    _, time = _time_of(factors)
    present = time[present_tap(len(time), causal)]
    if len(kernel_axes(factors)) == 1:
        raise ValueError("the kernel slides along time only; without that axis there is nothing left to slide along")
    if form == "dense":
        return {"kernel": present}
    rest = {name: array for name, array in factors.items() if name != "time"}
    if form == "cp":
        return {**rest, "scale": rest["scale"] * present}
    if form == "tt":
        return {**rest, "inputs": jnp.matmul(rest["inputs"], present, precision="highest")}
    return {**rest, "core": jnp.tensordot(present, rest["core"], 1, precision="highest")}


def _time_of(factors: Kernel) -> tuple[str, Array]:
    """Name and value of the array whose first dimension is time."""
    if "time" not in kernel_axes(factors):
        raise ValueError("the kernel has no time axis; add one with inflate()")
    return ("kernel", factors["kernel"]) if "kernel" in factors else ("time", factors["time"])


def _word(causal: bool) -> str:
    return "causal" if causal else "centered"
