"""Landmarks to heatmaps and back.

Pixel centers lie at integer coordinates in both the image and the heatmap. One heatmap pixel covers a square of
stride = image_px / map_px image pixels, so a coordinate converts as heatmap = (image + 1/2) / stride - 1/2.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def render_heatmaps(
    landmarks: Float[Array, "*batch landmark 2"], image_px: int, map_px: int, sigma: float
) -> Float[Array, "*batch {map_px} {map_px} landmark"]:
    """Renders a Gaussian with peak value 1 at each landmark; `landmarks` in image pixels, `sigma` in heatmap pixels.

    A landmark outside the image contributes only the tail that reaches into it.
    """
    center = (landmarks + 0.5) * (map_px / image_px) - 0.5
    pixels = jnp.arange(map_px, dtype=landmarks.dtype).reshape(*[1] * (landmarks.ndim - 2), map_px, 1)
    profile = lambda axis: jnp.exp(-((pixels - center[..., None, :, axis]) ** 2) / (2 * sigma**2))
    across, down = profile(0), profile(1)
    return down[..., :, None, :] * across[..., None, :, :]


def decode_heatmaps(
    heatmaps: Float[Array, "*batch map_px map_px landmark"], image_px: int
) -> Float[Array, "*batch landmark 2"]:
    """Locates the peak of each heatmap with subpixel accuracy, in image pixels.

    Fits a parabola to the logarithm of the peak and its two neighbors along each axis, which is exact for a Gaussian.
    The offset is clipped to half a heatmap pixel, and is 0 where the peak lies on the border of the heatmap.
    Source: after Zhang et al., Distribution-Aware Coordinate Representation for Human Pose Estimation, CVPR 2020.
    """
    map_px = heatmaps.shape[-2]
    flat = jnp.moveaxis(heatmaps, -1, -3).reshape(*heatmaps.shape[:-3], heatmaps.shape[-1], map_px**2)
    peak = jnp.argmax(flat, axis=-1)
    # Predicted heatmaps may have negative values.
    log_values = jnp.log(jnp.maximum(flat, 1e-6))

    def refine(index: Array, step: int) -> Array:
        inside = (index > 0) & (index < map_px - 1)

        def value_at(flat_index: Array) -> Array:
            safe_index = jnp.where(inside, flat_index, peak)
            return jnp.take_along_axis(log_values, safe_index[..., None], axis=-1)[..., 0]

        before, middle, after = value_at(peak - step), value_at(peak), value_at(peak + step)
        curvature = jnp.minimum(before - 2 * middle + after, -1e-6)
        return index.astype(heatmaps.dtype) + jnp.clip((before - after) / (2 * curvature), -0.5, 0.5)

    position = jnp.stack([refine(peak % map_px, 1), refine(peak // map_px, map_px)], axis=-1)
    return (position + 0.5) * (image_px / map_px) - 0.5
