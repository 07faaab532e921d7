"""Initializes a clip network from a trained network: inflation, longer kernels, and the reverse."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.parts import TIME_SLOTS, find_layers, join_path
from affect_jax.nn.conv import Conv3x3
from affect_jax.nn.factorized import FactorizedConv
from affect_jax.nn.frames import TemporalPool
from affect_jax.nn.places import get
from affect_jax.nn.space_time import ChannelTime, TwoPlusOne, neighbors
from affect_jax.ops.factors.forms import form_of, reconstruct
from affect_jax.ops.factors.growth import drop_time, inflate, inflate_by_mean, lengthen

RULES = ("present", "mean")
Layer = Conv3x3 | FactorizedConv | ChannelTime | TwoPlusOne


def transfer(source: nnx.Module, target: nnx.Module, rule: str = "present") -> list[str]:
    """Copies the weights of `source` into `target`, a network of the same parts with other temporal layers, or none.

    Kernels grow by `rule`: "present" puts all the weight at the present frame, which leaves the outputs unchanged;
    "mean" spreads it evenly over the frames (Carreira and Zisserman, Quo vadis, CVPR 2017), which preserves the outputs
    for static clips only. Time is removed by keeping the weights of the present frame. Returns the names of the parts
    that replace a layer of the source but start from scratch. ValueError names what does not fit.
    """
    kernels = _outermost(target)
    source_leaves = {path: leaf for path, leaf in nnx.to_flat_state(nnx.state(source))}
    copied = []
    for path, leaf in nnx.to_flat_state(nnx.state(target)):
        in_kernel = any(path[: len(kernel)] == kernel for kernel in kernels)
        if in_kernel or any(key in TIME_SLOTS for key in path):
            continue
        if path not in source_leaves:
            raise ValueError(f"the source network has no '{join_path(path)}': the two do not consist of the same parts")
        shape = source_leaves[path].shape
        if shape != leaf.shape:
            raise ValueError(f"'{join_path(path)}' has shape {shape} in the source, {leaf.shape} in the new one")
        copied.append((path, source_leaves[path].copy()))
    nnx.update(target, nnx.from_flat_state(copied))
    for path in kernels:
        try:
            _fill(get(target, path), get(source, path), rule)
        except ValueError as error:
            raise ValueError(f"'{join_path(path)}': {error}") from error
    from_scratch = []
    for name in TIME_SLOTS:
        old = getattr(getattr(source, "head", None), name, None)
        new = getattr(getattr(target, "head", None), name, None)
        if new is not None and not _resume(old, new):
            from_scratch.append(f"head/{name}")
    return from_scratch


def _outermost(network: nnx.Module) -> list[tuple]:
    """Paths of the layers that contain a kernel, except layers inside another of them."""
    paths = list(find_layers(network, (Conv3x3, FactorizedConv, ChannelTime, TwoPlusOne)))
    return [path for path in paths if not any(path[:length] in paths for length in range(len(path)))]


def _fill(target: Layer, source: Layer, rule: str) -> None:
    """Sets the weights of one layer from those of another."""
    if isinstance(target, TwoPlusOne):
        if not isinstance(source, TwoPlusOne):
            raise ValueError(
                "time.form 2plus1 has BatchNorm and ReLU between its kernels, so no other kernel can be converted to "
                "it: train it from scratch"
            )
        if source.time.shape[1] != target.time.shape[1]:
            raise ValueError(
                f"time.form 2plus1 has {source.time.shape[1]} channels between its kernels for {source.frames} frames "
                f"and {target.time.shape[1]} for {target.frames}: it cannot be extended to more frames"
            )
        nnx.update(target.space, nnx.state(nnx.clone(source.space)))
        nnx.update(target.norm, nnx.state(nnx.clone(source.norm)))
        target.time[...] = pad_taps(source.time[...], source, target)
    elif isinstance(target, ChannelTime):
        if isinstance(source, ChannelTime):
            _fill(target.space, source.space, rule)
            target.time[...] = pad_taps(source.time[...], source, target)
        else:
            _fill(target.space, source, rule)
            target.time[...] = _initial_taps(target, rule)
    else:
        factors = _change_frames(_factors(source, target), source, target, rule)
        if isinstance(target, Conv3x3):
            target.kernel[...] = factors["kernel"]
        else:
            for name, value in factors.items():
                target.factors[name][...] = value
            if target.norm is not None:
                inner = source.space if isinstance(source, ChannelTime) else source
                nnx.update(target.norm, nnx.state(nnx.clone(inner.norm)))


def _factors(source: Layer, target: Conv3x3 | FactorizedConv) -> dict[str, Array]:
    """The kernel of a layer, converted to the form of the target's kernel."""
    if isinstance(source, TwoPlusOne):
        raise ValueError("the BatchNorm and ReLU of time.form 2plus1 cannot be part of another kernel")
    if isinstance(source, ChannelTime):
        if _frames(target) > 1:
            raise ValueError("its temporal factor is a separate one (time.form channelwise); keep that form")
        present = source.time[...][source.before]
        factors = _factors(source.space, target)
        name = "kernel" if "kernel" in factors else "inputs"
        return {**factors, name: factors[name] * present[:, None]}
    factors = {"kernel": source.kernel[...]} if isinstance(source, Conv3x3) else source.arrays()
    form = "dense" if isinstance(target, Conv3x3) else target.form
    if form_of(factors) == form:
        return factors
    if form != "dense":
        raise ValueError(
            f"its kernel is {form_of(factors)}, expected {form}: decompose it first with python -m launch.factorize"
        )
    if source.norm is not None:
        raise ValueError(
            "with BatchNorm and ReLU after its first 1x1 (head.between norm_relu), no dense kernel is equivalent to it"
        )
    return {"kernel": reconstruct(factors)}


def _frames(layer: Layer) -> int:
    return getattr(layer, "frames", 1)


def _change_frames(factors: dict[str, Array], source: Layer, target: Layer, rule: str) -> dict[str, Array]:
    """The kernel with as many frames as the target's."""
    frames = 1 if isinstance(source, ChannelTime) else _frames(source)
    wanted = 1 if isinstance(target, ChannelTime) else _frames(target)
    if frames == 1 and wanted == 1:
        return factors
    if wanted == 1:
        return drop_time(factors, source.causal)
    if frames > 1:
        links = target.factors["time"].shape[1] if form_of(factors) == "tucker" else None
        return lengthen(factors, wanted, source.causal, target.causal, links)
    if rule == "mean":
        return inflate_by_mean(factors, wanted)
    return inflate(factors, wanted, target.causal)


def _initial_taps(target: ChannelTime, rule: str) -> Float[Array, "frames input"]:
    taps = jnp.zeros(target.time.shape)
    if rule == "mean":
        return taps + 1 / target.frames
    return taps.at[target.before].set(1.0)


def pad_taps(taps: Float[Array, "frames *rest"], source, target) -> Float[Array, "later *rest"]:
    """Pads the taps of a temporal layer with zeros to the longer span of another."""
    before, after = neighbors(source.frames, source.causal)
    early, late = neighbors(target.frames, target.causal)
    if early < before or late < after:
        raise ValueError(
            f"it spans {before} frames before and {after} after the present one; {early} and {late} are fewer: kernels "
            "can only be lengthened, or time removed altogether"
        )
    return jnp.pad(taps, [(early - before, late - after)] + [(0, 0)] * (taps.ndim - 1))


def _resume(source: nnx.Module | None, target: nnx.Module) -> bool:
    """Copies the weights of a layer that static networks lack; False if it starts from scratch in place of another."""
    if isinstance(target, TemporalPool) and isinstance(source, TemporalPool):
        # The offsets are relative to their mean; once centered, padding them with zeros changes nothing.
        centered = source.offsets[...] - source.offsets[...].mean(0, keepdims=True)
        target.offsets[...] = pad_taps(centered, source, target)
    elif type(source) is type(target) and source.causal == target.causal:
        nnx.update(target, nnx.state(nnx.clone(source)))
    else:
        return source is None or isinstance(target, TemporalPool)
    return True
