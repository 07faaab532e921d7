"""3x3 convolution with a quarter of the multiplications: Winograd's minimal filtering F(4x4, 3x3), and its gradients.

Each 4x4 square of the output is A'[(G w G') * (B'd B)]A, where d is the 6x6 square of the input that it depends on, w
the kernel and * a product of elements. Summed over input channels, these are 36 matrix products over all squares.
Source: Lavin and Gray, Fast algorithms for convolutional neural networks, CVPR 2016, section 4.3 (points 0, 1, -1, 2,
-2 and infinity). In float32 the result differs from the direct sum by about 1e-5 of the largest output.
"""

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.ops.parts import by_parts, fitting, split

SQUARE, SEEN = 4, 6  # pixels along the side of a square: of output, and of the input it depends on
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float32) / np.float32(24)


def transform_kernel(kernel: Float[Array, "3 3 input output"]) -> Float[Array, "36 input output"]:
    """The kernel in the form that `convolve_transformed` takes: G w G' for every pair of channels."""
    points = jnp.asarray(G, kernel.dtype)
    transformed = jnp.einsum("ah,bw,hwio->abio", points, points, kernel)
    return transformed.reshape(SEEN * SEEN, *kernel.shape[2:])


def convolve_transformed(
    maps: Float[Array, "batch height width input"], transformed: Float[Array, "36 input output"]
) -> Float[Array, "batch height width output"]:
    """3x3 convolution, stride 1, zeros outside, with a kernel out of `transform_kernel`.

    What stands between the steps takes 2.25 times the memory of the maps: a batch too large for the processor's caches
    goes better in parts.
    """
    batch, height, width, _ = maps.shape
    rows, columns = -(-height // SQUARE), -(-width // SQUARE)
    seen = jax.lax.optimization_barrier(_seen(maps))  # fused with the products, the transforms would run on one thread
    products = jax.lax.optimization_barrier(jnp.einsum("psi,pio->pso", seen, transformed))
    points = products.reshape(SEEN, SEEN, batch, rows, columns, -1)
    strips = jnp.stack(_pixels(points), axis=3)
    squares = jnp.stack(_pixels(strips), axis=4)
    result = squares.reshape(batch, SQUARE * rows, SQUARE * columns, -1)
    return jax.lax.optimization_barrier(result)[:, :height, :width]


@jax.custom_vjp
def convolve(
    maps: Float[Array, "batch height width input"], kernel: Float[Array, "3 3 input output"]
) -> Float[Array, "batch height width output"]:
    """3x3 convolution, stride 1, zeros outside, a few images at a time; both gradients are computed in this manner."""
    transformed = jax.lax.optimization_barrier(transform_kernel(kernel))
    return by_parts(lambda part: convolve_transformed(part, transformed), maps, fitting(maps[0].size))


def kernel_gradient(
    maps: Float[Array, "batch height width input"], slopes: Float[Array, "batch height width output"]
) -> Float[Array, "3 3 input output"]:
    """Gradient with respect to the kernel: G'[sum over squares of (B'd B) * (A s A')]G, s being slopes of outputs."""

    def add(total, part):
        seen, spread = jax.lax.optimization_barrier((_seen(part[0]), _spread(part[1])))
        return total + jnp.einsum("psi,pso->pio", seen, spread), None

    zero = jnp.zeros((SEEN * SEEN, maps.shape[-1], slopes.shape[-1]), maps.dtype)
    at_once = min(fitting(maps[0].size), len(maps))
    total, _ = jax.lax.scan(add, zero, (split(maps, at_once), split(slopes, at_once)))
    points = jnp.asarray(G, maps.dtype)
    return jnp.einsum("ah,bw,abio->hwio", points, points, total.reshape(SEEN, SEEN, *total.shape[1:]))


def _forward(maps: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    return convolve(maps, kernel), (maps, kernel)


def _backward(saved: tuple[Array, Array], slopes: Array) -> tuple[Array, Array]:
    maps, kernel = saved
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    return convolve(slopes, turned), kernel_gradient(maps, slopes)


convolve.defvjp(_forward, _backward)


def _seen(maps: Float[Array, "batch height width channel"]) -> Float[Array, "36 square channel"]:
    """B'd B of every square."""
    _, height, width, channels = maps.shape
    rows, columns = -(-height // SQUARE), -(-width // SQUARE)
    around = ((0, 0), (1, SQUARE * rows - height + 1), (1, SQUARE * columns - width + 1), (0, 0))
    padded = jnp.pad(maps, around)
    strips = jnp.stack(_points(_every(padded, 1, start, rows) for start in range(SEEN)))
    squares = jnp.stack(_points(_every(strips, 3, start, columns) for start in range(SEEN)), axis=1)
    return squares.reshape(SEEN * SEEN, -1, channels)


def _spread(slopes: Float[Array, "batch height width channel"]) -> Float[Array, "36 square channel"]:
    """A s A' of every square."""
    _, height, width, channels = slopes.shape
    rows, columns = -(-height // SQUARE), -(-width // SQUARE)
    padded = jnp.pad(slopes, ((0, 0), (0, SQUARE * rows - height), (0, SQUARE * columns - width), (0, 0)))
    strips = jnp.stack(_values(_every(padded, 1, start, rows) for start in range(SQUARE)))
    squares = jnp.stack(_values(_every(strips, 3, start, columns) for start in range(SQUARE)), axis=1)
    return squares.reshape(SEEN * SEEN, -1, channels)


def _every(array: Array, axis: int, start: int, count: int) -> Array:
    """`count` slices, one from every square, beginning with `start`."""
    return jax.lax.slice_in_dim(array, start, start + SQUARE * (count - 1) + 1, SQUARE, axis)


def _points(pixels: Iterable[Array]) -> list[Array]:
    """B' along one axis: six neighboring pixels of the input to values at the six points."""
    a, b, c, d, e, f = pixels
    even, odd, even2, odd2 = e - 4 * c, d - 4 * b, e - c, 2 * (d - b)
    return [4 * a - 5 * c + e, even + odd, even - odd, even2 + odd2, even2 - odd2, 4 * b - 5 * d + f]


def _pixels(points: Float[Array, "6 ..."]) -> list[Array]:
    """A' along the first axis: values at the six points to four neighboring pixels of the output."""
    zero, one, minus_one, two, minus_two, infinity = (points[index] for index in range(SEEN))
    sum1, sum2, difference1, difference2 = one + minus_one, two + minus_two, one - minus_one, two - minus_two
    last = difference1 + 8 * difference2 + infinity
    return [zero + sum1 + sum2, difference1 + 2 * difference2, sum1 + 4 * sum2, last]


def _values(pixels: Iterable[Array]) -> list[Array]:
    """A along one axis: four neighboring pixels to values at the six points."""
    a, b, c, d = pixels
    even, odd, even2, odd2 = a + c, b + d, a + 4 * c, 2 * b + 8 * d
    return [a, even + odd, even - odd, even2 + odd2, even2 - odd2, d]
