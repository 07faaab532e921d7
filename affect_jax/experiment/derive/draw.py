"""Draws a part of a network's arrays."""

from collections.abc import Collection

import jax
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.network import Network, names


def draw_arrays(network: Network, key: PRNGKeyArray, wanted: Collection[str]) -> dict[str, Array]:
    """The initial arrays of these flat names; all others are not even compiled, which would take longer than these."""

    @jax.jit
    def draw(key: PRNGKeyArray) -> dict[str, Array]:
        return {name: array for name, array in names(network.initial(key)).items() if name in wanted}

    return draw(key)
