"""Where a network looks: features weighted by landmarks."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float


def landmark_attention(
    trunk: Float[Array, "*batch height width trunk"],
    hourglasses: Sequence[Float[Array, "*batch height width hourglass"]],
    heatmaps: Float[Array, "*batch height width landmark"],
) -> Float[Array, "*batch height width joined"]:
    """Trunk features beside the hourglasses' features, the latter multiplied by the sum of the landmark heatmaps.

    The heatmaps are raw outputs of the last hourglass: neither normalized nor cut at zero.
    Source: Toisoul et al., Nature Machine Intelligence 3, 2021.
    """
    mask = heatmaps.sum(-1, keepdims=True)
    return jnp.concatenate([trunk, *(features * mask for features in hourglasses)], axis=-1)
