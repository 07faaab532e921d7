"""Changes of converted arrays that keep what a network computes: scales into kernels, kernels over time."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from affect_jax.convert.tensors import Tensors
from affect_jax.ops.factors.growth import inflate_by_mean

SCALE = "/norm/scale"


def fold_scales(arrays: Tensors) -> tuple[dict[str, Float[np.ndarray, "..."]], dict[str, Any]]:
    """Multiplies each kernel by the scale of the norm behind it; returns the arrays without scales, and an account.

    A norm with scale g of k * x equals one without scale of g * k * x, if its mean is multiplied by g, too. That holds
    for running statistics only: in training, the statistics of a batch undo the size of g.
    """
    folded = {name: array for name, array in arrays.items() if not name.endswith(SCALE)}
    scales = {name.removesuffix(SCALE): array for name, array in arrays.items() if name.endswith(SCALE)}
    for path, scale in scales.items():
        folded[f"{path}/kernel"] = folded[f"{path}/kernel"] * scale
        folded[f"{path}/norm/mean"] = folded[f"{path}/norm/mean"] * scale
    if not scales:
        return folded, {}
    values = np.concatenate(list(scales.values()))
    account = {
        "reason": "scales of norms, multiplied into the kernels and means before them; exact with running statistics",
        "count": len(scales),
        "range": [float(values.min()), float(values.max())],
    }
    return folded, {"folded": account}


def inflate_kernels(arrays: Mapping[str, Float[np.ndarray, "..."]]) -> dict[str, Float[np.ndarray, "..."]]:
    """Adds time to each square kernel [height, width, input, output] by the mean rule, as long as it is high.

    A clip of a repeated image then gives the features of the image, where no window reaches beyond the clip.
    Source: Carreira and Zisserman, CVPR 2017, section 2.4.
    """
    inflated = dict(arrays)
    for name, array in arrays.items():
        if is_square(name, array.ndim):
            inflated[name] = np.asarray(inflate_by_mean({"kernel": jnp.asarray(array)}, array.shape[0])["kernel"])
    return inflated


def is_square(name: str, axes: int) -> bool:
    """Whether an array of this name and number of axes is a kernel of images."""
    return name.endswith("/kernel") and axes == 4
