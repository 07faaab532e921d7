"""Streaming prediction: a causal network over a recording, one frame at a time."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, PyTree

from affect_jax.nn.precision import PRECISIONS
from affect_jax.nn.prepare import prepare
from affect_jax.nn.streaming import Stream, as_stream
from affect_jax.ops.image_checks import check_crops
from affect_jax.types import Predictions


def make_stream(module: nnx.Module, faces: int, input_px: int, precision: str = "float32") -> Stream:
    """Optimizes a causal network for inference and converts it to a stream over `faces` faces in parallel."""
    dtype = PRECISIONS[precision]
    frames = jax.ShapeDtypeStruct((faces, 1, input_px, input_px, 3), jnp.float32)
    module = nnx.clone(module)
    module.eval()
    prepare(module, frames, dtype)
    stream = as_stream(module, jax.ShapeDtypeStruct(frames.shape, dtype))

    def step(weights, past, images):
        check_crops(images, input_px, over_time=True)
        past, predictions = stream.next(weights, past, images.astype(dtype))
        return past, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)

    return Stream(stream.weights, stream.start, step)


def compile_stream(stream: Stream) -> Callable[[PyTree, Array], tuple[PyTree, Predictions]]:
    """Compiles (state, next frames) -> (state, predictions), once for each number of frames.

    The weights are constants of the program, because passing hundreds of small arrays takes as long as one frame of a
    small network.
    """
    return jax.jit(functools.partial(stream.next, stream.weights))


def follower(module: nnx.Module, input_px: int, precision: str) -> Callable[[int], Callable[[np.ndarray], Predictions]]:
    """Returns a function that starts a stream over a number of faces.

    A stream is a function of the next frame [faces, 1, px, px, 3], RGB in [0, 1], that keeps its state between calls.
    """
    compiled: dict[int, tuple] = {}

    def begin(faces: int) -> Callable[[np.ndarray], Predictions]:
        if faces not in compiled:
            stream = make_stream(module, faces, input_px, precision)
            compiled[faces] = (stream.start, compile_stream(stream))
        past, advance = compiled[faces]

        def step(images: np.ndarray) -> Predictions:
            nonlocal past
            check_crops(images, input_px, over_time=True)
            past, predictions = advance(past, images)
            return jax.device_get(predictions)

        return step

    return begin
