"""A causal network frame by frame: each layer that looks along time keeps what it needs of the frames before.

Such a layer has a TIME_AXIS and two methods: `start(shape, dtype)`, what it keeps before the first frame, for frames of
that shape, and `next(past, maps)`, its outputs for the frames that follow and what it keeps then. Both are pure.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.tree_util import keystr
from jaxtyping import Array, Float, PyTree

from affect_jax.nn.places import put
from affect_jax.types import Predictions


class Past(nnx.Variable):
    """What a layer keeps of the frames before."""


class Streamed(nnx.Module):
    """A layer along time that goes on where its last call ended."""

    def __init__(self, layer: nnx.Module):
        self.layer = layer
        self.past = nnx.data(None)

    def __call__(self, maps: Float[Array, "..."], **_) -> Float[Array, "..."]:
        shape = list(maps.shape)
        del shape[self.layer.TIME_AXIS]
        begins = self.past is None
        past = self.layer.start(shape, maps.dtype) if begins else self.past.get_value()
        later, result = self.layer.next(past, maps)
        self.past = Past(past if begins else later)  # the first call only finds out the shapes
        return result


class Stream(NamedTuple):
    """A network as a function of what it keeps and the next frames."""

    numbers: nnx.State  # weights, made ready for prediction
    start: PyTree  # what is kept before the first frame
    next: Callable[[nnx.State, PyTree, Array], tuple[PyTree, Predictions]]  # (numbers, past, [batch, time, ..])

    @property
    def kept_bytes(self) -> int:
        """Size of what is kept between two frames."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(self.start))


def streamed(network: nnx.Module, frames: jax.ShapeDtypeStruct) -> Stream:
    """A causal network in evaluation mode as a stream for batches such as `frames` [batch, time, height, width, 3].

    Chunks may have any number of frames. ValueError names a layer that looks at frames to come.
    """
    network = nnx.clone(network)
    for _, part in nnx.iter_modules(network):
        if hasattr(part, "execution"):  # whole batches: what is kept must not be inside a loop over parts of them
            part.execution = dataclasses.replace(part.execution, at_once=0)
    modules = [(path, layer) for path, layer in nnx.iter_modules(network) if hasattr(layer, "causal")]
    layers = [(path, layer) for path, layer in modules if getattr(layer, "frames", 0) != 1]
    for path, layer in layers:
        if not layer.causal:
            raise ValueError(
                f"'{'/'.join(map(str, path))}' looks at frames to come, which a stream has not: inflate with --causal"
            )
        put(network, path, Streamed(layer))
    graphdef, numbers = nnx.split(network)
    known: dict[str, Any] = {}

    def first(numbers):
        module = nnx.merge(graphdef, numbers)
        module(jnp.zeros(frames.shape, frames.dtype))
        known["graphdef"], past, _ = nnx.split(module, Past, ...)
        return past

    start = jax.jit(first)(numbers)

    def following(numbers, past, images):
        module = nnx.merge(known["graphdef"], past, numbers)
        predictions = module(images)
        return nnx.state(module, Past), predictions

    return Stream(numbers, start, following)


def scanned(
    stream: Stream, numbers: nnx.State, past: PyTree, clips: Float[Array, "batch time *rest"]
) -> tuple[PyTree, PyTree]:
    """The stream over whole clips, one frame after the other in one program."""

    def step(past, images):
        past, predictions = stream.next(numbers, past, images[:, None])
        return past, jax.tree.map(lambda leaf: leaf[:, 0], predictions)

    past, predictions = jax.lax.scan(step, past, clips.swapaxes(0, 1))
    return past, jax.tree.map(lambda leaf: leaf.swapaxes(0, 1), predictions)


def as_arrays(past: PyTree) -> dict[str, np.ndarray]:
    """What is kept of a stream, by name: to be stored with `numpy.savez` and given to `from_arrays` later.

    bfloat16 becomes float32, which holds the same numbers: a file of NumPy does not know it.
    """
    named = {keystr(path): leaf for path, leaf in jax.tree_util.tree_flatten_with_path(past)[0]}
    return {
        name: np.asarray(leaf.astype(jnp.float32) if leaf.dtype == jnp.bfloat16 else leaf)
        for name, leaf in named.items()
    }


def from_arrays(stream: Stream, arrays: Mapping[str, np.ndarray]) -> PyTree:
    """What was kept of a stream of the same network and batch, of any precision; ValueError names what does not fit."""
    wanted, kept, leaves = as_arrays(stream.start), jax.tree.leaves(stream.start), []
    if set(arrays) != set(wanted):
        raise ValueError(f"the stream keeps {sorted(wanted)}, but what was stored is {sorted(arrays)}")
    for (name, leaf), like in zip(wanted.items(), kept, strict=True):
        if arrays[name].shape != leaf.shape or arrays[name].dtype != leaf.dtype:
            raise ValueError(
                f"{name} is {arrays[name].dtype} {arrays[name].shape} in what was stored, {leaf.dtype} {leaf.shape} in "
                "the stream: of another network or number of faces"
            )
        leaves.append(jnp.asarray(arrays[name], like.dtype))
    return jax.tree.unflatten(jax.tree.structure(stream.start), leaves)
