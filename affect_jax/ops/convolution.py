"""Dense convolution whose gradients are fast on a CPU inside of loops, too.

XLA's fast convolution on a CPU takes one order of axes: channels last, kernels [.., input, output]. JAX writes both
gradients of a convolution with other orders. XLA transposes these, but only outside of loops; inside, as in
micro-batches, plain code took ten times as long (https://github.com/jax-ml/jax/issues/12868, open as of jax 0.10.2).
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

LAYOUTS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}

Images = Float[Array, "batch *axes input"]
Kernel = Float[Array, "*taps input output"]
Outputs = Float[Array, "batch *out output"]
PerAxis = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]  # zeros before and after


def convolve(
    images: Images, kernel: Kernel, strides: Sequence[int], padding: Sequence[tuple[int, int]], dilation: Sequence[int]
) -> Outputs:
    """Cross-correlates along the one to three axes between batch and channel; `dilation` is that of the kernel.

    On a CPU, it has no forward-mode derivative (`jax.jvp`).
    """
    sizes = tuple(strides), tuple((before, after) for before, after in padding), tuple(dilation)
    # As of this call, also for the gradient, which is traced later.
    precision = jax.config.jax_default_matmul_precision
    if jax.default_backend() == "cpu":
        return _on_cpu(images, kernel, *sizes, precision)
    return _convolve(images, kernel, *sizes, precision)


def _convolve(
    images: Images,
    kernel: Kernel,
    strides: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    precision: str | None,
    input_dilation: PerAxis | None = None,
) -> Outputs:
    return jax.lax.conv_general_dilated(
        images, kernel, strides, padding, input_dilation, dilation, LAYOUTS[len(strides)], precision=precision
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4, 5))
def _on_cpu(
    images: Images, kernel: Kernel, strides: PerAxis, padding: Padding, dilation: PerAxis, precision: str | None
) -> Outputs:
    return _convolve(images, kernel, strides, padding, dilation, precision)


def _forward(images: Images, kernel: Kernel, *sizes) -> tuple[Outputs, tuple[Images, Kernel]]:
    return _on_cpu(images, kernel, *sizes), (images, kernel)


def _backward(
    strides: PerAxis,
    padding: Padding,
    dilation: PerAxis,
    precision: str | None,
    inputs: tuple[Images, Kernel],
    gradient: Outputs,
) -> tuple[Images, Kernel]:
    images, kernel = inputs
    axes = range(len(strides))
    ones = (1,) * len(strides)
    # Zeros such that each gradient has the size of what it belongs to; negative ones cut.
    for_images, for_kernel = [], []
    for axis, (before, _), stride, step in zip(axes, padding, strides, dilation, strict=True):
        reach = step * (kernel.shape[axis] - 1)
        rest = images.shape[axis + 1] - (stride * (gradient.shape[axis + 1] - 1) + 1) + before
        for_images.append((reach - before, rest))
        for_kernel.append((before, reach - rest))
    turned = jnp.flip(kernel, axes).swapaxes(-1, -2)
    images_gradient = _convolve(gradient, turned, ones, tuple(for_images), dilation, precision, strides)
    # The sum over the batch becomes that over the input channels: each channel is an image, each gradient a kernel.
    channels, taps = images.swapaxes(0, -1), jnp.moveaxis(gradient, 0, -2)
    kernel_gradient = _convolve(channels, taps, dilation, tuple(for_kernel), strides, precision)
    return images_gradient, jnp.moveaxis(kernel_gradient, 0, -2)


_on_cpu.defvjp(_forward, _backward)
