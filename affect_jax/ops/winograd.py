"""3x3 convolution with a quarter of the multiplications: Winograd's minimal filtering F(4x4, 3x3), and its gradients.

Each 4x4 output tile is A'[(G w G') * (B'd B)]A, where d is the 6x6 input tile it depends on, w is the kernel and *
multiplies elementwise. Summed over input channels, this takes 36 matrix products over all tiles.
In float32 the result differs from the direct sum by about 1e-5 of the largest output.
Source: Lavin and Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.3 (points 0, 1, -1, 2,
-2 and infinity).
"""

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.ops.parts import cache_capacity, map_in_parts, split

OUTPUT_TILE, INPUT_TILE = 4, 6  # side of an output tile, and of the input tile it depends on, in pixels
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32) / np.float32(24)


def transform_kernel(kernel: Float[Array, "3 3 input output"]) -> Float[Array, "36 input output"]:
    """Transforms a kernel for `convolve_transformed`: G w G' for every pair of channels."""
    points = jnp.asarray(G, kernel.dtype)
    transformed = jnp.einsum("ah,bw,hwio->abio", points, points, kernel)
    return transformed.reshape(INPUT_TILE * INPUT_TILE, *kernel.shape[2:])


def convolve_transformed(
    maps: Float[Array, "batch height width input"], transformed: Float[Array, "36 input output"]
) -> Float[Array, "batch height width output"]:
    """3x3 convolution with stride 1 and zero padding, by a kernel from `transform_kernel`.

    Intermediate results take 2.25 times the memory of the maps, so a batch that exceeds the processor's caches is
    faster in parts.
    """
    batch, height, width, _ = maps.shape
    rows, columns = -(-height // OUTPUT_TILE), -(-width // OUTPUT_TILE)
    # Fused with the products, the transforms would run on a single thread.
    inputs = jax.lax.optimization_barrier(_transform_inputs(maps))
    products = jax.lax.optimization_barrier(jnp.einsum("psi,pio->pso", inputs, transformed))
    points = products.reshape(INPUT_TILE, INPUT_TILE, batch, rows, columns, -1)
    strips = jnp.stack(_points_to_outputs(points), axis=3)
    tiles = jnp.stack(_points_to_outputs(strips), axis=4)
    result = tiles.reshape(batch, OUTPUT_TILE * rows, OUTPUT_TILE * columns, -1)
    return jax.lax.optimization_barrier(result)[:, :height, :width]


@jax.custom_vjp
def convolve(
    maps: Float[Array, "batch height width input"], kernel: Float[Array, "3 3 input output"]
) -> Float[Array, "batch height width output"]:
    """3x3 convolution with stride 1 and zero padding, a few images at a time; both gradients use Winograd's method."""
    transformed = jax.lax.optimization_barrier(transform_kernel(kernel))
    return map_in_parts(lambda part: convolve_transformed(part, transformed), maps, cache_capacity(maps[0].size))


def kernel_gradient(
    maps: Float[Array, "batch height width input"], cotangents: Float[Array, "batch height width output"]
) -> Float[Array, "3 3 input output"]:
    """Gradient of the kernel: G'[sum over tiles of (B'd B) * (A s A')]G, where s is the cotangent of the outputs."""

    def add(total, part):
        maps, cotangents = part
        transformed = jax.lax.optimization_barrier((_transform_inputs(maps), _transform_cotangents(cotangents)))
        return total + jnp.einsum("psi,pso->pio", *transformed), None

    zero = jnp.zeros((INPUT_TILE * INPUT_TILE, maps.shape[-1], cotangents.shape[-1]), maps.dtype)
    at_once = min(cache_capacity(maps[0].size), len(maps))
    total, _ = jax.lax.scan(add, zero, (split(maps, at_once), split(cotangents, at_once)))
    total = total.reshape(INPUT_TILE, INPUT_TILE, *total.shape[1:])
    points = jnp.asarray(G, maps.dtype)
    return jnp.einsum("ah,bw,abio->hwio", points, points, total)


def _forward(maps: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return convolve(maps, kernel), (maps, kernel)


def _backward(residuals: tuple[Array, Array], cotangents: Array) -> tuple[Array, Array]:
    maps, kernel = residuals
    transposed = kernel[::-1, ::-1].swapaxes(2, 3)
    return convolve(cotangents, transposed), kernel_gradient(maps, cotangents)


convolve.defvjp(_forward, _backward)


def _transform_inputs(maps: Float[Array, "batch height width channel"]) -> Float[Array, "36 tile channel"]:
    """B'd B of every tile."""
    _, height, width, channels = maps.shape
    rows, columns = -(-height // OUTPUT_TILE), -(-width // OUTPUT_TILE)
    padding = ((0, 0), (1, OUTPUT_TILE * rows - height + 1), (1, OUTPUT_TILE * columns - width + 1), (0, 0))
    padded = jnp.pad(maps, padding)
    strips = jnp.stack(_inputs_to_points(_one_per_tile(padded, 1, start, rows) for start in range(INPUT_TILE)))
    pixels = (_one_per_tile(strips, 3, start, columns) for start in range(INPUT_TILE))
    tiles = jnp.stack(_inputs_to_points(pixels), axis=1)
    return tiles.reshape(INPUT_TILE * INPUT_TILE, -1, channels)


def _transform_cotangents(
    cotangents: Float[Array, "batch height width channel"],
) -> Float[Array, "36 tile channel"]:
    """A s A' of every tile."""
    _, height, width, channels = cotangents.shape
    rows, columns = -(-height // OUTPUT_TILE), -(-width // OUTPUT_TILE)
    padding = ((0, 0), (0, OUTPUT_TILE * rows - height), (0, OUTPUT_TILE * columns - width), (0, 0))
    padded = jnp.pad(cotangents, padding)
    strips = jnp.stack(_outputs_to_points(_one_per_tile(padded, 1, start, rows) for start in range(OUTPUT_TILE)))
    pixels = (_one_per_tile(strips, 3, start, columns) for start in range(OUTPUT_TILE))
    tiles = jnp.stack(_outputs_to_points(pixels), axis=1)
    return tiles.reshape(INPUT_TILE * INPUT_TILE, -1, channels)


def _one_per_tile(array: Array, axis: int, start: int, count: int) -> Array:
    """Takes the slice at offset `start` of each of `count` tiles along an axis."""
    return jax.lax.slice_in_dim(array, start, start + OUTPUT_TILE * (count - 1) + 1, OUTPUT_TILE, axis)


def _inputs_to_points(pixels: Iterable[Array]) -> list[Array]:
    """B' along one axis: six neighboring input pixels to values at the six points."""
    a, b, c, d, e, f = pixels
    even, odd, even2, odd2 = e - 4 * c, d - 4 * b, e - c, 2 * (d - b)
    return [4 * a - 5 * c + e, even + odd, even - odd, even2 + odd2, even2 - odd2, 4 * b - 5 * d + f]


def _points_to_outputs(points: Float[Array, "6 ..."]) -> list[Array]:
    """A' along the first axis: values at the six points to four neighboring output pixels."""
    zero, one, minus_one, two, minus_two, infinity = (points[index] for index in range(INPUT_TILE))
    sum1, sum2, difference1, difference2 = one + minus_one, two + minus_two, one - minus_one, two - minus_two
    last = difference1 + 8 * difference2 + infinity
    return [zero + sum1 + sum2, difference1 + 2 * difference2, sum1 + 4 * sum2, last]


def _outputs_to_points(pixels: Iterable[Array]) -> list[Array]:
    """A along one axis: four neighboring output pixels to values at the six points."""
    a, b, c, d = pixels
    even, odd, even2, odd2 = a + c, b + d, a + 4 * c, 2 * b + 8 * d
    return [a, even + odd, even - odd, even2 + odd2, even2 - odd2, d]
