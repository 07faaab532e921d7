"""Landmarks as heatmaps and back.

Pixel centers lie at integer coordinates in the picture and in the map. One map pixel covers a square of
stride = image_px / map_px picture pixels, so that map = (picture + 1/2) / stride - 1/2.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float


def render_heatmaps(
    landmarks: Float[Array, "*batch landmark 2"], image_px: int, map_px: int, sigma: float
) -> Float[Array, "*batch {map_px} {map_px} landmark"]:
    """A Gaussian of height 1 at every landmark; `landmarks` in pixels of the picture, `sigma` in pixels of the map.

    A landmark outside the picture leaves only the tail that reaches into it.
    """
    center = (landmarks + 0.5) * (map_px / image_px) - 0.5
    pixels = jnp.arange(map_px, dtype=landmarks.dtype).reshape(*[1] * (landmarks.ndim - 2), map_px, 1)
    profile = lambda axis: jnp.exp(-((pixels - center[..., None, :, axis]) ** 2) / (2 * sigma**2))
    across, down = profile(0), profile(1)
    return down[..., :, None, :] * across[..., None, :, :]


def decode_heatmaps(
    heatmaps: Float[Array, "*batch map_px map_px landmark"], image_px: int
) -> Float[Array, "*batch landmark 2"]:
    """Position of every map's peak in pixels of the picture, finer than a map pixel.

    The vertex of a parabola through the logarithm of the peak and its two neighbors, on each axis by itself: exact for
    a Gaussian. Within half a map pixel of the peak in any case; on the peak where it touches the border of the map.
    Source: after Zhang et al., Distribution-Aware Coordinate Representation for Human Pose Estimation, CVPR 2020.
    """
    map_px = heatmaps.shape[-2]
    flat = jnp.moveaxis(heatmaps, -1, -3).reshape(*heatmaps.shape[:-3], heatmaps.shape[-1], map_px**2)
    peak = jnp.argmax(flat, axis=-1)
    logarithm = jnp.log(jnp.maximum(flat, 1e-6))  # raw maps may be negative

    def along(place: Array, step: int) -> Array:
        inside = (place > 0) & (place < map_px - 1)
        at = lambda index: jnp.take_along_axis(logarithm, jnp.where(inside, index, peak)[..., None], axis=-1)[..., 0]
        before, middle, after = at(peak - step), at(peak), at(peak + step)
        curvature = jnp.minimum(before - 2 * middle + after, -1e-6)
        return place.astype(heatmaps.dtype) + jnp.clip((before - after) / (2 * curvature), -0.5, 0.5)

    position = jnp.stack([along(peak % map_px, 1), along(peak // map_px, map_px)], axis=-1)
    return (position + 0.5) * (image_px / map_px) - 0.5
