"""Attention of the affect head: features weighted by landmark heatmaps."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float


def landmark_attention(
    trunk: Float[Array, "*batch height width trunk"],
    hourglasses: Sequence[Float[Array, "*batch height width hourglass"]],
    heatmaps: Float[Array, "*batch height width landmark"],
) -> Float[Array, "*batch height width joined"]:
    """Concatenates trunk features with hourglass features, the latter multiplied by the sum of the landmark heatmaps.

    The heatmaps are the raw outputs of the last hourglass, neither normalized nor clipped at zero.
    Source: Toisoul et al., Nature Machine Intelligence 3, 2021.
    """
    mask = heatmaps.sum(-1, keepdims=True)
    attended = [features * mask for features in hourglasses]
    return jnp.concatenate([trunk, *attended], axis=-1)
