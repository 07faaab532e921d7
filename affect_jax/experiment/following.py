"""A causal network along a recording: one frame at a time, with what it keeps of those before."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.experiment.ready import PRECISIONS
from affect_jax.nn.prepare import prepare
from affect_jax.nn.streaming import Stream, streamed
from affect_jax.types import Predictions


def stream_of(module: nnx.Module, faces: int, input_px: int, precision: str = "float32") -> Stream:
    """A causal network as a stream for that many faces side by side, made ready for prediction; its `next` is compiled
    once for each number of frames.
    """
    dtype = PRECISIONS[precision]
    frames = jax.ShapeDtypeStruct((faces, 1, input_px, input_px, 3), jnp.float32)
    module = nnx.clone(module)
    module.eval()
    prepare(module, frames, dtype)
    made = streamed(module, jax.ShapeDtypeStruct(frames.shape, dtype))

    def following(numbers, past, images):
        past, predictions = made.next(numbers, past, images.astype(dtype))
        return past, jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)

    return Stream(made.numbers, made.start, jax.jit(following))


def follower(module: nnx.Module, input_px: int, precision: str) -> Callable[[int], Callable[[np.ndarray], Predictions]]:
    """For a number of faces, a function of their next frame [faces, 1, px, px, 3] that remembers those before."""
    streams: dict[int, Stream] = {}

    def begin(faces: int) -> Callable[[np.ndarray], Predictions]:
        if faces not in streams:
            streams[faces] = stream_of(module, faces, input_px, precision)
        stream, past = streams[faces], streams[faces].start

        def step(images: np.ndarray) -> Predictions:
            nonlocal past
            past, predictions = stream.next(stream.numbers, past, images)
            return jax.device_get(predictions)

        return step

    return begin
