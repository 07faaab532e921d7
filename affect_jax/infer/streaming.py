"""A causal network along a recording: one frame at a time, with what it keeps of those before."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, PyTree

from affect_jax.infer.compiled import PRECISIONS
from affect_jax.nn.prepare import prepare
from affect_jax.nn.streaming import Stream, streamed
from affect_jax.types import Predictions


def stream_of(module: nnx.Module, faces: int, input_px: int, precision: str = "float32") -> Stream:
    """A causal network as a stream for that many faces side by side, made ready for prediction."""
    dtype = PRECISIONS[precision]
    frames = jax.ShapeDtypeStruct((faces, 1, input_px, input_px, 3), jnp.float32)
    module = nnx.clone(module)
    module.eval()
    prepare(module, frames, dtype)
    made = streamed(module, jax.ShapeDtypeStruct(frames.shape, dtype))

    def following(numbers, past, images):
        past, predictions = made.next(numbers, past, images.astype(dtype))
        return past, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)

    return Stream(made.numbers, made.start, following)


def compiled(stream: Stream) -> Callable[[PyTree, Array], tuple[PyTree, Predictions]]:
    """From what a stream keeps and its next frames to what it keeps then and what it says; compiled for each length.

    The network's numbers are part of the program: handing over hundreds of small arrays takes as long as a frame of a
    small network.
    """
    return jax.jit(functools.partial(stream.next, stream.numbers))


def follower(module: nnx.Module, input_px: int, precision: str) -> Callable[[int], Callable[[np.ndarray], Predictions]]:
    """For a number of faces, a function of their next frame [faces, 1, px, px, 3] that remembers those before."""
    known: dict[int, tuple] = {}

    def begin(faces: int) -> Callable[[np.ndarray], Predictions]:
        if faces not in known:
            stream = stream_of(module, faces, input_px, precision)
            known[faces] = (stream.start, compiled(stream))
        past, following = known[faces]

        def step(images: np.ndarray) -> Predictions:
            nonlocal past
            past, predictions = following(past, images)
            return jax.device_get(predictions)

        return step

    return begin
