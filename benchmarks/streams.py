"""A causal clip network on the latest frame: as a stream, or by recomputing the whole window.

Both programs hold the network's weights, prepared for prediction, and use direct convolutions.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from affect_jax.infer.streaming import compile_stream, make_stream
from affect_jax.models.clip import ClipNetwork
from affect_jax.nn.prepare import prepare
from benchmarks.clips import Clips, Program


def makers(clips: Clips) -> dict[str, Callable[[], Program]]:
    """Builders of the programs by name; each returns valence and arousal of the last frame of a window."""
    time = dataclasses.replace(clips.config.time, causal=True, pool=9)
    config = dataclasses.replace(clips.config, time=time, execution="direct")
    module = ClipNetwork(config, rngs=nnx.Rngs(0))
    images = jnp.asarray(clips.draw()[0])

    def window() -> Program:
        ready = nnx.clone(module)
        ready.eval()
        prepare(ready, jax.ShapeDtypeStruct(images.shape, images.dtype), images.dtype)
        predict = jax.jit(lambda images: ready(images)["valence_arousal"][:, -1])
        return lambda: (np.asarray(predict(images)),)

    def stream() -> Program:
        made = make_stream(module, clips.batch, config.trunk.input_px)
        following, last = compile_stream(made), images[:, -1:]
        past, _ = following(made.start, images[:, :-1])
        return lambda: (np.asarray(following(past, last)[1]["valence_arousal"][:, 0]),)

    kept = make_stream(module, 1, config.trunk.input_px).state_bytes
    return {
        f"window of {clips.frames} frames, recomputed": window,
        f"stream, one frame ({kept / 1024:.0f} KB of state per face)": stream,
    }
