"""Streaming inference: runs a causal network frame by frame, with a state in every layer that looks along time.

Such a layer has a TIME_AXIS and two pure methods: `start(shape, dtype)` returns the state before the first frame, for
frames of that shape, and `next(state, maps)` the state after these frames and their outputs.
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
    """The state of a layer: what it needs of earlier frames."""


class StreamingLayer(nnx.Module):
    """Wraps a layer along time so that each call continues where the last one ended."""

    def __init__(self, layer: nnx.Module):
        self.layer = layer
        self.past = nnx.data(None)

    def __call__(self, maps: Float[Array, "..."], **_) -> Float[Array, "..."]:
        shape = list(maps.shape)
        del shape[self.layer.TIME_AXIS]
        first_call = self.past is None
        past = self.layer.start(shape, maps.dtype) if first_call else self.past.get_value()
        new_past, result = self.layer.next(past, maps)
        # The first call only creates the state; its frames are not part of the stream.
        self.past = Past(past if first_call else new_past)
        return result


class Stream(NamedTuple):
    """A network as a function of its weights, its state and the next frames."""

    weights: nnx.State
    start: PyTree  # the state before the first frame
    next: Callable[[nnx.State, PyTree, Array], tuple[PyTree, Predictions]]  # (weights, state, [batch, time, ..])

    @property
    def state_bytes(self) -> int:
        """Size of the state."""
        return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(self.start))


def as_stream(network: nnx.Module, frames: jax.ShapeDtypeStruct) -> Stream:
    """Converts a causal network in evaluation mode to a stream for batches of `frames` [batch, time, height, width, 3].

    Chunks may have any number of frames. ValueError names a layer that looks at future frames.
    """
    network = nnx.clone(network)
    for _, part in nnx.iter_modules(network):
        # Whole batches: the state must not be updated inside a loop over parts of a batch.
        if hasattr(part, "execution"):
            part.execution = dataclasses.replace(part.execution, at_once=0)
    modules = [(path, layer) for path, layer in nnx.iter_modules(network) if hasattr(layer, "causal")]
    layers = [(path, layer) for path, layer in modules if getattr(layer, "frames", 0) != 1]
    for path, layer in layers:
        if not layer.causal:
            raise ValueError(
                f"'{'/'.join(map(str, path))}' looks at future frames, which a stream does not have: inflate with "
                "--causal"
            )
        put(network, path, StreamingLayer(layer))
    graphdef, weights = nnx.split(network)
    # Filled while tracing: with states, the modules have another graph definition.
    traced: dict[str, Any] = {}

    def initialize(weights):
        module = nnx.merge(graphdef, weights)
        module(jnp.zeros(frames.shape, frames.dtype))
        traced["graphdef"], past, _ = nnx.split(module, Past, ...)
        return past

    start = jax.jit(initialize)(weights)

    def step(weights, past, images):
        module = nnx.merge(traced["graphdef"], past, weights)
        predictions = module(images)
        return nnx.state(module, Past), predictions

    return Stream(weights, start, step)


def scan_clips(
    stream: Stream, weights: nnx.State, past: PyTree, clips: Float[Array, "batch time *rest"]
) -> tuple[PyTree, PyTree]:
    """Runs the stream over whole clips, frame by frame, in a single program."""

    def step(past, images):
        past, predictions = stream.next(weights, past, images[:, None])
        return past, jax.tree.map(lambda leaf: leaf[:, 0], predictions)

    past, predictions = jax.lax.scan(step, past, clips.swapaxes(0, 1))
    return past, jax.tree.map(lambda leaf: leaf.swapaxes(0, 1), predictions)


def state_to_arrays(past: PyTree) -> dict[str, np.ndarray]:
    """Converts the state of a stream to named arrays, to be saved with `numpy.savez`; see `state_from_arrays`.

    NumPy files do not support bfloat16, which becomes float32 without loss.
    """
    arrays = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(past)[0]:
        arrays[keystr(path)] = np.asarray(leaf.astype(jnp.float32) if leaf.dtype == jnp.bfloat16 else leaf)
    return arrays


def state_from_arrays(stream: Stream, arrays: Mapping[str, np.ndarray]) -> PyTree:
    """Restores a state from a stream of the same network and batch, in any precision; ValueError names a mismatch."""
    expected = state_to_arrays(stream.start)
    if set(arrays) != set(expected):
        raise ValueError(f"the state of the stream is {sorted(expected)}, but the saved state is {sorted(arrays)}")
    leaves = []
    for (name, leaf), like in zip(expected.items(), jax.tree.leaves(stream.start), strict=True):
        if arrays[name].shape != leaf.shape or arrays[name].dtype != leaf.dtype:
            raise ValueError(
                f"{name} is {arrays[name].dtype} {arrays[name].shape} in the saved state, {leaf.dtype} {leaf.shape} in "
                "the stream: it was saved by another network or for another number of faces"
            )
        leaves.append(jnp.asarray(arrays[name], like.dtype))
    return jax.tree.unflatten(jax.tree.structure(stream.start), leaves)
