"""Losses in which the rows are frames: what moves from one to the next, and the correlations within each clip."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.continuous import SetMoments, moments
from affect_jax.losses.reduce import blank, weighted_mean

LEAST_FRAMES = 4  # labeled frames below which the correlations of a clip are mostly chance


def squared_step(
    predicted: Float[Array, "*batch time dimension"], weight: Float[Array, "*batch time"]
) -> tuple[Float[Array, "*batch time-1"], Float[Array, "*batch time-1"]]:
    """Squared change from frame to frame, in squared units of the label, averaged over valence and arousal; its weight.

    The weight is that of the lesser of the two frames, so that both must count.
    """
    known = blank(predicted, weight)
    both = jnp.minimum(weight[..., 1:], weight[..., :-1])
    return ((known[..., 1:, :] - known[..., :-1, :]) ** 2).mean(-1), both


def clip_moments(
    predicted: Float[Array, "clip time dimension"],
    label: Float[Array, "clip time dimension"],
    weight: Float[Array, "clip time"],
) -> SetMoments:
    """Moments of each clip by itself, stacked."""
    return jax.vmap(moments)(predicted, label, weight)


def mean_over_clips(
    score: Float[Array, "clip dimension"], weight: Float[Array, "clip time"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean over valence, arousal and the clips with at least `LEAST_FRAMES` labeled frames; how many these are.

    Each clip counts the same, however long it is. 0 where there is none.
    """
    enough = ((weight > 0).sum(1) >= LEAST_FRAMES).astype(jnp.float32)
    return weighted_mean(score.mean(1), enough), enough.sum()
