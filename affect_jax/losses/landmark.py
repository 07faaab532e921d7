"""Heatmap regression of landmarks."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank
from affect_jax.ops.geometry import inside
from affect_jax.ops.heatmap import render_heatmaps


def heatmap_error(
    heatmaps: Float[Array, "*batch module height width 68"],
    landmarks: Float[Array, "*batch 68 2"],
    weight: Float[Array, "*batch"],
    *,
    image_px: int,
    sigma: float,
) -> Float[Array, "*batch"]:
    """Mean squared error between the heatmaps of every module and Gaussians at the landmarks, per example.

    Landmarks are in pixels of the image, `sigma` in pixels of the heatmap. Landmarks outside the image are ignored; an
    example with none inside, or with weight 0, gives 0.
    """
    landmarks = blank(landmarks, weight)
    target = render_heatmaps(landmarks, image_px, heatmaps.shape[-2], sigma)
    squared = ((blank(heatmaps, weight) - target[..., None, :, :, :]) ** 2).mean((-4, -3, -2))
    present = inside(landmarks, image_px) * (weight > 0)[..., None].astype(jnp.float32)
    return (squared * present).sum(-1) / jnp.maximum(present.sum(-1), 1)
