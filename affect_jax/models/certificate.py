"""The proof that a clip network says of every frame what a static network says of it, layer by layer."""

from collections.abc import Callable, Collection, Iterable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.time_layers import looks_along_time
from affect_jax.nn.execution import DIRECT
from affect_jax.nn.places import get, put
from affect_jax.nn.prepare import prepare

TOLERANCES = {"float32": 1e-5, "bfloat16": 2**-7}  # of the larger of 1 and the static network's largest value
ROUNDING = 2.0  # times the static network's own error in bfloat16 may two networks differ there: each has one


class InflationError(ValueError):
    """The clip network does not repeat the static network's outputs."""


class Recorder(nnx.Module):
    """A layer whose outputs are also handed to `keep`."""

    def __init__(self, layer: nnx.Module, keep: Callable[[Array], None]):
        self.layer, self.keep = layer, keep

    def __call__(self, maps: Array, **options) -> Array:
        result = self.layer(maps, **options)
        self.keep(result)
        return result


def certificate(
    static: nnx.Module, clip: nnx.Module, clips: Mapping[str, Float[Array, "batch time height width 3"]]
) -> dict[str, object]:
    """How far two networks in evaluation mode are apart on named clips; a plain dict for JSON.

    For each layer that looks along time and for each output: the largest difference on any frame, those at the clip's
    ends too, divided by the larger of 1 and the largest value of the static network, and what is allowed. In bfloat16
    that is at least twice what its rounding alone changes in the static network: the two round at other places.
    """
    both = [
        {path for path, layer in nnx.iter_modules(network) if looks_along_time(layer)} for network in (static, clip)
    ]
    layers, checks = sorted(both[0] | both[1], key=str), []
    for name, images in clips.items():
        exact = seen(static, images, layers, "float32")
        for dtype, tolerance in TOLERANCES.items():
            apart = exact if dtype == "float32" else seen(static, images, layers, dtype)
            together = seen(clip, images, layers, dtype)
            places = [place for place in together if place in apart]
            allowed = {place: max(tolerance, ROUNDING * difference(exact[place], apart[place])) for place in places}
            found = {place: difference(apart[place], together[place]) for place in places}
            note = {"clip": name, "frames": int(images.shape[1]), "dtype": dtype}
            checks.append({**note, "differences": found, "allowed": allowed})
    largest = lambda dtype: _largest(check for check in checks if check["dtype"] == dtype)
    return {
        "largest_difference": largest("float32"),
        "largest_difference_bfloat16": largest("bfloat16"),
        "exact": all(_excess(check, place) <= 1 for check in checks for place in check["differences"]),
        "checks": checks,
    }


def sentences(found: Mapping[str, object]) -> list[str]:
    """A certificate in lines for a person: each clip and type of numbers, with the place nearest to its limit."""
    lines = []
    for check in found["checks"]:
        place = max(check["differences"], key=lambda place: _excess(check, place))
        lines.append(
            f"{check['clip']} clip of {check['frames']} frames, {check['dtype']}: at most {_largest([check]):.2e} at "
            f"any of {len(check['differences'])} places; nearest to its limit is {place} with "
            f"{check['differences'][place]:.2e}, where {check['allowed'][place]:.1e} is allowed"
        )
    return lines


def require_exact(found: Mapping[str, object], but: Collection[str] = ()) -> None:
    """InflationError, naming the worst place, where a certificate is not exact at another place than those of `but`."""
    if found["exact"]:
        return
    excess = {
        (index, place): _excess(check, place)
        for index, check in enumerate(found["checks"])
        for place in check["differences"]
        if place not in but
    }
    index, place = max(excess, key=excess.get)
    if excess[index, place] <= 1:
        return  # only places of `but` differ
    check = found["checks"][index]
    raise InflationError(
        f"the clip network differs from the static one by {check['differences'][place]:.3g} at '{place}' "
        f"({check['dtype']}, {check['clip']} clip of {check['frames']} frames, relative to the larger of 1 and the "
        f"largest value); at most {check['allowed'][place]:.3g} is allowed"
    )


def _excess(check: Mapping, place: str) -> float:
    ratio = check["differences"][place] / check["allowed"][place]
    return float("inf") if np.isnan(ratio) else ratio


def _largest(checks: Iterable[Mapping]) -> float:
    """The largest difference at any place; np.max hands on what is not a number, max() may not."""
    return float(np.max([size for check in checks for size in check["differences"].values()]))


def seen(
    network: nnx.Module, images: Float[Array, "batch time height width 3"], layers: list[tuple], dtype: str
) -> dict[str, np.ndarray]:
    """The outputs of a network and of some of its layers, in float32, computed in `dtype` as in prediction.

    Products of float32 numbers are asked for whole: recent GPUs otherwise round their factors to TF32's 10 bits, which
    would hide what a certificate is about.
    """
    if not network.config.contract.over_time:
        images = images.reshape(-1, *images.shape[2:])
    network = nnx.clone(network)
    network.eval()
    network.set_attributes(execution=DIRECT)  # whole batches: what is kept must not be inside a loop
    prepare(network, jax.ShapeDtypeStruct(images.shape, jnp.float32), jnp.dtype(dtype))
    graphdef, numbers = nnx.split(network)

    def run(numbers, images):
        module, kept = nnx.merge(graphdef, numbers), {}
        for path in layers:
            name = "/".join(map(str, path))
            put(module, path, Recorder(get(module, path), lambda maps, name=name: kept.__setitem__(name, maps)))
        predictions = module(images.astype(dtype))
        found = {**kept, **predictions}
        return jax.tree.map(lambda value: value.astype(jnp.float32), found)

    with jax.default_matmul_precision("float32" if dtype == "float32" else None):
        return jax.tree.map(np.asarray, jax.jit(run)(numbers, images))


def difference(apart: Float[np.ndarray, "..."], together: Float[np.ndarray, "..."]) -> float:
    """The largest difference of as many numbers, divided by the larger of 1 and the first's largest value."""
    scale = max(1.0, float(np.abs(apart).max()))
    return float(np.abs(together.reshape(apart.shape) - apart).max()) / scale
