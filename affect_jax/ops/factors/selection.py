"""The components of a cp kernel: how much each matters, which may go, and dropping some of them at random.

Weight decay on the factors is the L2 penalty on them; there is nothing more to it, so nothing of it is here.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.ops.factors.forms import form_of

Kernel = Mapping[str, Float[Array, "..."]]


def normalized(factors: Kernel) -> dict[str, Array]:
    """The same kernel, its columns of length 1 and their lengths in "scale".

    Without this a scale says nothing: it can move into the factors. A component with a column of zeros gets scale 0.
    """
    _only_cp(factors)
    result, scale = {}, factors["scale"]
    for name in factors:
        if name != "scale":
            squares = jnp.square(factors[name]).sum(0)
            length = jnp.sqrt(jnp.where(squares > 0, squares, 1.0))  # with a derivative at 0
            result[name] = factors[name] / length[None]
            scale = scale * jnp.where(squares > 0, length, 0.0)
    return result | {"scale": scale}


def through_norm(factors: Kernel, scale: Float[Array, "rank"], bias: Float[Array, "rank"]) -> dict[str, Array]:
    """Columns that tell the sizes of components where a norm of this scale and bias and ReLU follow the first 1x1.

    The norm takes away the length of "inputs" and gives each component that of its own scale and bias instead, which
    therefore stand in its place. ReLU hands a positive factor on, so that size can move between them and "scale".
    """
    return {**factors, "inputs": jnp.stack([scale, bias])}


def evenness(factors: Kernel) -> Float[Array, ""]:
    """L1 over L2 norm of the scales over normalized columns: from 1, one component, to sqrt(rank), all of one size.

    As a penalty it drives whole components to zero, and leaves the length of the kernel alone: where a norm follows a
    layer, the plain L1 norm only shrinks the layer, because the norm undoes that (measured: BUILD_NOTES.md).
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020, automatic rank selection, with Hoyer's measure,
    J. Mach. Learn. Res. 5, 2004, in the place of L1.
    """
    size = jnp.abs(normalized(factors)["scale"])
    return size.sum() / jnp.sqrt(jnp.square(size).sum() + jnp.finfo(size.dtype).tiny)


def kept_components(factors: Kernel, threshold: float) -> np.ndarray:
    """Indices of the components whose normalized scale is above `threshold`; at least the largest. Not under jit."""
    size = np.abs(np.asarray(normalized(factors)["scale"]))
    kept = np.flatnonzero(size > threshold)
    return kept if len(kept) else np.array([size.argmax()])


def dropped(factors: Kernel, probability: float, key: PRNGKeyArray) -> dict[str, Array]:
    """Each component left out with this probability, and the others scaled so that the mean is the whole kernel.

    At least one stays, drawn evenly if all would go: therefore a component of R stays with the probability
    1 - p + p^R / R, and that is what the others are divided by; it is 1 - p but for the smallest ranks.
    Source: Kolbeinsson et al., Tensor dropout for robust learning, IEEE J. Sel. Topics Signal Process. 15(3), 2021.
    """
    _only_cp(factors)
    scale = factors["scale"]
    rank = len(scale)
    for_all, for_one = jax.random.split(key)
    stays = jax.random.bernoulli(for_all, 1 - probability, (rank,))
    lone = jnp.arange(rank) == jax.random.randint(for_one, (), 0, rank)
    stays = jnp.where(stays.any(), stays, lone)
    return {**factors, "scale": jnp.where(stays, scale / (1 - probability + probability**rank / rank), 0.0)}


def _only_cp(factors: Kernel) -> None:
    if (form := form_of(factors)) != "cp":
        raise ValueError(f"the kernel has the form '{form}'; only a cp kernel is a sum of components with a scale each")
