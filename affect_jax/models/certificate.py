"""Checks that a clip network predicts on every frame what the static network predicts, layer by layer."""

import functools
import time
from collections.abc import Callable, Collection, Iterable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.parts import join_path
from affect_jax.models.time_layers import is_temporal
from affect_jax.nn.execution import DIRECT
from affect_jax.nn.places import get, put
from affect_jax.nn.prepare import prepare

TOLERANCES = {"float32": 1e-5, "bfloat16": 2**-7}  # relative to max(1, the static network's largest value)
ROUNDING = 2.0  # in bfloat16, a multiple of the static network's own rounding error: both networks have one


class InflationError(ValueError):
    """The clip network does not reproduce the static network's outputs."""


class Recorder(nnx.Module):
    """Wraps a layer and passes its outputs to `keep`."""

    def __init__(self, layer: nnx.Module, keep: Callable[[Array], None]):
        self.layer = layer
        self.keep = keep

    def __call__(self, maps: Array, **options) -> Array:
        result = self.layer(maps, **options)
        self.keep(result)
        return result


def _temporal_layers(network: nnx.Module) -> set[tuple]:
    return {path for path, layer in nnx.iter_modules(network) if is_temporal(layer)}


def compare_networks(
    static: nnx.Module, clip: nnx.Module, clips: Mapping[str, Float[Array, "batch time height width 3"]]
) -> dict[str, object]:
    """Compares two networks in evaluation mode on named clips; returns a certificate, a plain dict for JSON.

    For each temporal layer and each output, the certificate holds the largest difference over all frames, including
    the ends of the clip, relative to max(1, the static network's largest value), and the allowed difference. In
    bfloat16, at least twice the static network's own rounding error is allowed: the two networks round at different
    points.
    """
    layers = sorted(_temporal_layers(static) | _temporal_layers(clip), key=str)
    checks = []
    start, count = time.monotonic(), len(clips) * len(TOLERANCES)
    logging.info("comparing the two networks at each layer, %d times; each time both are compiled", count)
    for name, images in clips.items():
        exact = layer_outputs(static, images, layers, "float32")
        for dtype, tolerance in TOLERANCES.items():
            expected = exact if dtype == "float32" else layer_outputs(static, images, layers, dtype)
            actual = layer_outputs(clip, images, layers, dtype)
            differences = {}
            allowed = {}
            for place in actual:
                if place in expected:
                    rounding = relative_difference(exact[place], expected[place])
                    differences[place] = relative_difference(expected[place], actual[place])
                    allowed[place] = max(tolerance, ROUNDING * rounding)
            check = {"clip": name, "frames": int(images.shape[1]), "dtype": dtype}
            checks.append({**check, "differences": differences, "allowed": allowed})
            spent = time.monotonic() - start
            left = spent / len(checks) * (count - len(checks))
            logging.info(
                "%d of %d: %s clip, %s; %.0f s, about %.0f s left", len(checks), count, name, dtype, spent, left
            )
    largest = lambda dtype: _largest(check for check in checks if check["dtype"] == dtype)
    return {
        "largest_difference": largest("float32"),
        "largest_difference_bfloat16": largest("bfloat16"),
        "exact": all(_excess(check, place) <= 1 for check in checks for place in check["differences"]),
        "checks": checks,
    }


def describe(certificate: Mapping[str, object]) -> list[str]:
    """A certificate as readable lines, one per clip and dtype, each with the place closest to its limit."""
    lines = []
    for check in certificate["checks"]:
        place = max(check["differences"], key=lambda place: _excess(check, place))
        lines.append(
            f"{check['clip']} clip of {check['frames']} frames, {check['dtype']}: at most {_largest([check]):.2e} at "
            f"any of {len(check['differences'])} places; closest to its limit is {place} with "
            f"{check['differences'][place]:.2e}, where {check['allowed'][place]:.1e} is allowed"
        )
    return lines


def require_exact(certificate: Mapping[str, object], ignore: Collection[str] = ()) -> None:
    """Raises InflationError, naming the worst place, if any place outside `ignore` exceeds its limit."""
    if certificate["exact"]:
        return
    excess = {}
    for index, check in enumerate(certificate["checks"]):
        for place in check["differences"]:
            if place not in ignore:
                excess[index, place] = _excess(check, place)
    index, place = max(excess, key=excess.get)
    if excess[index, place] <= 1:
        return  # only ignored places differ
    check = certificate["checks"][index]
    raise InflationError(
        f"the clip network differs from the static one by {check['differences'][place]:.3g} at '{place}' "
        f"({check['dtype']}, {check['clip']} clip of {check['frames']} frames, relative to the larger of 1 and the "
        f"largest value); at most {check['allowed'][place]:.3g} is allowed"
    )


def _excess(check: Mapping, place: str) -> float:
    ratio = check["differences"][place] / check["allowed"][place]
    return float("inf") if np.isnan(ratio) else ratio


def _largest(checks: Iterable[Mapping]) -> float:
    """The largest difference at any place."""
    sizes = []
    for check in checks:
        sizes += check["differences"].values()
    return float(np.max(sizes))  # propagates NaN; max() may not


def layer_outputs(
    network: nnx.Module, images: Float[Array, "batch time height width 3"], layers: list[tuple], dtype: str
) -> dict[str, np.ndarray]:
    """The outputs of a network and of some of its layers, as float32, computed in `dtype` as in prediction.

    float32 runs at full precision: by default, recent GPUs round the factors of a product to TF32's 10 bits, which
    would hide the differences that a certificate is about.
    """
    if not network.config.contract.over_time:
        images = images.reshape(-1, *images.shape[2:])
    network = nnx.clone(network)
    network.eval()
    network.set_attributes(execution=DIRECT)  # whole batches: values inside a loop cannot be recorded
    prepare(network, jax.ShapeDtypeStruct(images.shape, jnp.float32), jnp.dtype(dtype))
    graphdef, state = nnx.split(network)

    def run(state, images):
        module = nnx.merge(graphdef, state)
        recorded = {}
        for path in layers:
            keep = functools.partial(recorded.__setitem__, join_path(path))
            put(module, path, Recorder(get(module, path), keep))
        predictions = module(images.astype(dtype))
        return jax.tree.map(lambda value: value.astype(jnp.float32), {**recorded, **predictions})

    with jax.default_matmul_precision("float32" if dtype == "float32" else None):
        return jax.tree.map(np.asarray, jax.jit(run)(state, images))


def relative_difference(expected: Float[np.ndarray, "..."], actual: Float[np.ndarray, "..."]) -> float:
    """The largest difference, relative to max(1, the largest expected value); only the sizes have to match."""
    scale = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(actual.reshape(expected.shape) - expected).max()) / scale
