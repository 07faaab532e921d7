"""Clips as batches of frames."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float, PyTree


def per_frame(function: Callable[[Array], PyTree], clips: Float[Array, "batch time *rest"]) -> PyTree:
    """Applies an image function to each frame of a clip; the one place that folds time into the batch."""
    batch, time = clips.shape[:2]
    outputs = function(clips.reshape(batch * time, *clips.shape[2:]))
    return jax.tree.map(lambda leaf: leaf.reshape(batch, time, *leaf.shape[1:]), outputs)
