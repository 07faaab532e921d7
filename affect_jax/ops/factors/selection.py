"""The components of a cp kernel: how large each is, which to keep, and tensor dropout.

An L2 penalty on the factors is plain weight decay, so there is no code for it here.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.ops.factors.forms import form_of

Kernel = Mapping[str, Float[Array, "..."]]


def normalize(factors: Kernel) -> dict[str, Array]:
    """Normalizes the columns to length 1 and moves their lengths into "scale"; the kernel stays the same.

    Only then do scales compare, because magnitude can move freely between scale and factors. A component with a zero
    column gets scale 0.
    """
    _only_cp(factors)
    result, scale = {}, factors["scale"]
    for name in factors:
        if name != "scale":
            squares = jnp.square(factors[name]).sum(0)
            # The square root has no derivative at 0.
            length = jnp.sqrt(jnp.where(squares > 0, squares, 1.0))
            result[name] = factors[name] / length[None]
            scale = scale * jnp.where(squares > 0, length, 0.0)
    return result | {"scale": scale}


def substitute_norm(factors: Kernel, scale: Float[Array, "rank"], bias: Float[Array, "rank"]) -> dict[str, Array]:
    """Replaces "inputs" by the norm's scale and bias, for layers with BatchNorm and ReLU after the first 1x1.

    The norm cancels the length of "inputs" and gives each component the length of its own scale and bias instead. ReLU
    commutes with positive factors, so magnitude can still move between them and "scale". The result is for measuring
    components, not for convolving.
    """
    return {**factors, "inputs": jnp.stack([scale, bias])}


def evenness(factors: Kernel) -> Float[Array, ""]:
    """L1 norm over L2 norm of the component sizes: from 1 (a single component) to sqrt(rank) (all of equal size).

    As a penalty it drives whole components to zero without shrinking the kernel. A plain L1 penalty only shrinks a
    layer that is followed by a norm, because the norm undoes that (docs/results/rank_selection.md).
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020, automatic rank selection, with the sparseness
    measure of Hoyer, J. Mach. Learn. Res. 5, 2004, instead of L1.
    """
    size = jnp.abs(normalize(factors)["scale"])
    return size.sum() / jnp.sqrt(jnp.square(size).sum() + jnp.finfo(size.dtype).tiny)


def select_components(factors: Kernel, threshold: float) -> np.ndarray:
    """Indices of the components of size above `threshold`, or of the largest if there are none. Not under jit."""
    size = np.abs(np.asarray(normalize(factors)["scale"]))
    kept = np.flatnonzero(size > threshold)
    return kept if len(kept) else np.array([size.argmax()])


def drop_components(factors: Kernel, probability: float, key: PRNGKeyArray) -> dict[str, Array]:
    """Drops each component with this probability and rescales the others so that the kernel is unbiased.

    If all would be dropped, one of them, drawn uniformly, is kept. A component of R is therefore kept with probability
    1 - p + p^R / R, which the scales are divided by; except for very small ranks, that is 1 - p.
    Source: Kolbeinsson et al., Tensor dropout for robust learning, IEEE J. Sel. Topics Signal Process. 15(3), 2021.
    """
    _only_cp(factors)
    scale = factors["scale"]
    rank = len(scale)
    keep_key, fallback_key = jax.random.split(key)
    kept = jax.random.bernoulli(keep_key, 1 - probability, (rank,))
    fallback = jnp.arange(rank) == jax.random.randint(fallback_key, (), 0, rank)
    kept = jnp.where(kept.any(), kept, fallback)
    return {**factors, "scale": jnp.where(kept, scale / (1 - probability + probability**rank / rank), 0.0)}


def _only_cp(factors: Kernel) -> None:
    if (form := form_of(factors)) != "cp":
        raise ValueError(f"the kernel has form '{form}'; only a cp kernel is a sum of components with a scale each")
