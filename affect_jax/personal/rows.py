"""The adapters of several persons, each applied to its own row."""

from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Float

from affect_jax.personal.adapter import Adapter
from affect_jax.types import ArrayLike

_apply = jax.jit(jax.vmap(Adapter.apply))


def apply_by_row(
    adapters: Sequence[Adapter],
    features: Float[ArrayLike, "row feature"],
    output: Float[ArrayLike, "row output"],
) -> Float[np.ndarray, "row output"]:
    """The output of each row after its adapter; one program for each number of rows, whoever they are of."""
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *adapters)
    return np.asarray(_apply(stacked, np.asarray(features, np.float32), np.asarray(output, np.float32)))
