"""The numbers of a clip network out of a network that is trained: inflation, longer kernels, and the way back."""

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.parts import TIME_SLOTS, layers, named
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
    """Gives `target` the numbers of `source`, a network of the same parts that looks along time less, more or not.

    Kernels grow by `rule`: "present" puts everything at the present frame, so that nothing changes; "mean" shares it
    equally among the frames (Carreira and Zisserman, Quo vadis, CVPR 2017), which keeps only clips that stand still.
    Time is taken away by keeping the present frame's part. Returns the names of the parts that begin anew in the place
    of others. ValueError names what does not fit.
    """
    kernels = _outermost(target)
    inside = lambda path: (
        any(path[: len(kernel)] == kernel for kernel in kernels) or any(key in TIME_SLOTS for key in path)
    )
    theirs = {path: leaf for path, leaf in nnx.to_flat_state(nnx.state(source))}
    ours = {path: leaf for path, leaf in nnx.to_flat_state(nnx.state(target)) if not inside(path)}
    for path, leaf in ours.items():
        if path not in theirs:
            raise ValueError(f"the source network has no '{named(path)}': it is not of the same parts")
        if theirs[path].shape != leaf.shape:
            raise ValueError(
                f"'{named(path)}' has shape {theirs[path].shape} in the source, {leaf.shape} in the new one"
            )
    nnx.update(target, nnx.from_flat_state([(path, theirs[path].copy()) for path in ours]))
    for path in kernels:
        try:
            _fill(get(target, path), get(source, path), rule)
        except ValueError as error:
            raise ValueError(f"'{named(path)}': {error}") from error
    heads = getattr(source, "head", None), getattr(target, "head", None)
    slots = {name: [getattr(head, name, None) for head in heads] for name in TIME_SLOTS}
    return [f"head/{name}" for name, (theirs, ours) in slots.items() if ours is not None and not _resumed(theirs, ours)]


def _outermost(network: nnx.Module) -> list[tuple]:
    """Paths of the layers that hold a kernel, without those that are part of another one."""
    paths = list(layers(network, (Conv3x3, FactorizedConv, ChannelTime, TwoPlusOne)))
    return [path for path in paths if not any(path[:length] in paths for length in range(len(path)))]


def _fill(target: Layer, source: Layer, rule: str) -> None:
    """Numbers of one layer out of those of another."""
    if isinstance(target, TwoPlusOne):
        if not isinstance(source, TwoPlusOne):
            raise ValueError(
                "time.form 2plus1 has BatchNorm and ReLU within a layer, which no kernel has: train it anew"
            )
        if source.time.shape[1] != target.time.shape[1]:
            raise ValueError(
                f"time.form 2plus1 has {source.time.shape[1]} channels between its kernels for {source.frames} frames "
                f"and {target.time.shape[1]} for {target.frames}: it cannot see more frames"
            )
        nnx.update(target.space, nnx.state(nnx.clone(source.space)))
        nnx.update(target.norm, nnx.state(nnx.clone(source.norm)))
        target.time[...] = longer(source.time[...], source, target)
    elif isinstance(target, ChannelTime):
        timed = isinstance(source, ChannelTime)
        _fill(target.space, source.space if timed else source, rule)
        target.time[...] = longer(source.time[...], source, target) if timed else _start(target, rule)
    else:
        factors = _timed(_factors(source, target), source, target, rule)
        if isinstance(target, Conv3x3):
            target.kernel[...] = factors["kernel"]
        else:
            for name, value in factors.items():
                target.factors[name][...] = value
            if target.norm is not None:
                inner = source.space if isinstance(source, ChannelTime) else source
                nnx.update(target.norm, nnx.state(nnx.clone(inner.norm)))


def _factors(source: Layer, target: Conv3x3 | FactorizedConv) -> dict[str, Array]:
    """The kernel of a layer, in the form that the target holds it in."""
    if isinstance(source, TwoPlusOne):
        raise ValueError("the BatchNorm and ReLU of time.form 2plus1 cannot be part of another kernel")
    if isinstance(source, ChannelTime):
        if _frames(target) > 1:
            raise ValueError("its factor of time stands apart (time.form channelwise); keep that form")
        here = source.time[...][source.before]
        factors = _factors(source.space, target)
        name = "kernel" if "kernel" in factors else "inputs"
        return {**factors, name: factors[name] * here[:, None]}
    factors = {"kernel": source.kernel[...]} if isinstance(source, Conv3x3) else source.arrays()
    form = "dense" if isinstance(target, Conv3x3) else target.form
    if form_of(factors) == form:
        return factors
    if form != "dense":
        raise ValueError(
            f"its kernel is {form_of(factors)}, {form} is wanted: decompose it first with python -m launch.factorize"
        )
    if source.norm is not None:
        raise ValueError("BatchNorm and ReLU after its first 1x1 (head.between norm_relu) equal no dense kernel")
    return {"kernel": reconstruct(factors)}


def _frames(layer: Layer) -> int:
    return getattr(layer, "frames", 1)


def _timed(factors: dict[str, Array], source: Layer, target: Layer, rule: str) -> dict[str, Array]:
    """A kernel with as many frames as the target has."""
    frames, wanted = (1 if isinstance(layer, ChannelTime) else _frames(layer) for layer in (source, target))
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


def _start(target: ChannelTime, rule: str) -> Float[Array, "frames input"]:
    taps = jnp.zeros(target.time.shape)
    return taps + 1 / target.frames if rule == "mean" else taps.at[target.before].set(1.0)


def longer(taps: Float[Array, "frames *rest"], source, target) -> Float[Array, "later *rest"]:
    """Taps of one layer along time as those of another that sees more; zeros where the first saw nothing."""
    (before, after), (early, late) = neighbors(source.frames, source.causal), neighbors(target.frames, target.causal)
    if early < before or late < after:
        raise ValueError(
            f"it sees {before} frames before and {after} after the present one; {early} and {late} are fewer: longer "
            "kernels only, or no time at all"
        )
    return jnp.pad(taps, [(early - before, late - after)] + [(0, 0)] * (taps.ndim - 1))


def _resumed(source: nnx.Module | None, target: nnx.Module) -> bool:
    """Whether a layer that a static network lacks goes on from the source, or begins without a say."""
    if isinstance(target, TemporalPool) and isinstance(source, TemporalPool):
        # Their mean does not count; without it the zeros around change nothing.
        centered = source.offsets[...] - source.offsets[...].mean(0, keepdims=True)
        target.offsets[...] = longer(centered, source, target)
    elif type(source) is type(target) and source.causal == target.causal:
        nnx.update(target, nnx.state(nnx.clone(source)))
    else:
        return source is None or isinstance(target, TemporalPool)
    return True
