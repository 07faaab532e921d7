"""Checks of images in memory: what would be computed from them otherwise is plausible and wrong."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Shaped

from affect_jax.types import ArrayLike

RGB = 3
TOLERANCE = 0.01  # by which values may lie outside [0, 1]
EXPECTED = "expected RGB in [0, 1] as floating-point numbers"


def check_crops(images: Shaped[ArrayLike, "..."], size_px: int, over_time: bool = False) -> None:
    """ValueError unless these are face crops as a network takes them: RGB in [0, 1] of `size_px` by `size_px`.

    Axes are [batch, height, width, 3], and for clips (`over_time`) [batch, time, height, width, 3]. Shape and dtype are
    known while a program is traced, so that a compiled one pays nothing. Values are not: see `check_values`.
    """
    _check_shape(tuple(images.shape), size_px, over_time)
    check_values(images)


def check_values(images: Shaped[ArrayLike, "..."]) -> None:
    """ValueError for another dtype, or if values lie outside [0, 1] or are not finite.

    While a program is traced, only those of its constants are known.
    """
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(f"the images are {images.dtype}; {EXPECTED}: divide values of 0 to 255 by 255")
    if isinstance(images, jax.core.Tracer) or not images.size:
        return
    with jax.ensure_compile_time_eval():  # constants of a program that is traced have values, too
        least, most = float(images.min()), float(images.max())
    if not np.isfinite([least, most]).all():
        raise ValueError("the images have values that are not finite numbers")
    if least < -TOLERANCE or most > 1 + TOLERANCE:
        remedy = "divide by 255" if least >= 0 else "do not normalize by a mean and a standard deviation"
        raise ValueError(f"the images have values from {least:.4g} to {most:.4g}; {EXPECTED}: {remedy}")


def check_photograph(image: Shaped[np.ndarray, "..."]) -> None:
    """ValueError unless this is an image as it is decoded: RGB in 0 to 255, uint8 [height, width, 3]."""
    if image.dtype != np.uint8:
        raise ValueError(f"the image is {image.dtype}; expected RGB in 0 to 255 as uint8")
    if image.ndim != 3 or image.shape[-1] != RGB or not image.size:
        raise ValueError(f"the image has shape {image.shape}; expected [height, width, {RGB}]{_hint(image.shape)}")


def _check_shape(shape: tuple[int, ...], size_px: int, over_time: bool) -> None:
    lead = "batch, time" if over_time else "batch"
    axes = 5 if over_time else 4
    problem = f"the images have shape {shape}; expected [{lead}, {size_px}, {size_px}, {RGB}]"
    if len(shape) == axes - 1 and shape[-1] == RGB:
        missing = "the time axis is missing" if over_time else "for a single image, images[None]"
        raise ValueError(f"{problem}: {missing}")
    if len(shape) < axes or (over_time and len(shape) > axes) or shape[-1] != RGB:
        raise ValueError(f"{problem}{_hint(shape)}")
    if shape[-3:-1] != (size_px, size_px):
        raise ValueError(f"{problem}: cut or scale them to the crops that the network takes")


def _hint(shape: tuple[int, ...]) -> str:
    if len(shape) >= 3 and shape[-3] == RGB and shape[-1] != RGB:
        return ": channels come last, as by np.moveaxis(images, -3, -1)"
    return ""
