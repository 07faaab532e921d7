"""Losses over the frames of clips: change between consecutive frames, and correlations within each clip."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.continuous import SetMoments, moments
from affect_jax.losses.reduce import blank, weighted_mean

LEAST_FRAMES = 4  # with fewer labeled frames, the correlations of a clip are mostly noise


def squared_step(
    predicted: Float[Array, "*batch time dimension"], weight: Float[Array, "*batch time"]
) -> tuple[Float[Array, "*batch time-1"], Float[Array, "*batch time-1"]]:
    """Squared change between consecutive frames, averaged over valence and arousal, and its weight.

    In squared units of the label. The weight is the smaller one of the two frames, so both must count.
    """
    known = blank(predicted, weight)
    both = jnp.minimum(weight[..., 1:], weight[..., :-1])
    return ((known[..., 1:, :] - known[..., :-1, :]) ** 2).mean(-1), both


def clip_moments(
    predicted: Float[Array, "clip time dimension"],
    label: Float[Array, "clip time dimension"],
    weight: Float[Array, "clip time"],
) -> SetMoments:
    """Moments of each clip separately, stacked."""
    return jax.vmap(moments)(predicted, label, weight)


def mean_over_clips(
    score: Float[Array, "clip dimension"], weight: Float[Array, "clip time"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean over valence, arousal and the clips with at least `LEAST_FRAMES` labeled frames; and their number.

    Each clip counts equally, regardless of its length. The mean is 0 if there are no such clips.
    """
    enough = ((weight > 0).sum(1) >= LEAST_FRAMES).astype(jnp.float32)
    return weighted_mean(score.mean(1), enough), enough.sum()
