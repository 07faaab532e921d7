"""How many independent labels there are among labeled frames that follow closely on each other.

An expression lasts seconds, so the errors of neighboring frames are much the same: 375 frames of 15 s at 25 fps tell
little more than 15 of them a second apart. Counted as 375, they would overrule whatever is known about persons.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import ArrayLike

MEMORY_SECONDS = 1.0  # in which the correlation of errors falls to 1/e


def independent_weights(
    labeled: Float[ArrayLike, "frame"], time_seconds: Float[ArrayLike, "frame"] | None
) -> Float[Array, "frame"]:
    """The weight of each frame: 1 if no other labeled frame is near, 1/n for n frames at one time, 0 if not labeled.

    One over the sum of exp(-|time between the two| / `MEMORY_SECONDS`) over all labeled frames, itself included. The
    sum of the weights is the number of independent labels: per second of a long block, 1 / (2 `MEMORY_SECONDS`).

    Args:
        labeled: 1 or 0 for each frame.
        time_seconds: ascending over the labeled frames; None: all are far apart.
    """
    weight = (jnp.asarray(labeled) > 0).astype(jnp.float32)
    if time_seconds is None:
        return weight
    time = jnp.asarray(time_seconds, jnp.float32)
    before = _neighbors(weight, time)
    after = _neighbors(weight[::-1], -time[::-1])[::-1]
    return weight / (1.0 + before + after)


def _neighbors(weight: Float[Array, "frame"], time: Float[Array, "frame"]) -> Float[Array, "frame"]:
    """Sum of the correlations with all labeled frames before each, by the recursion of an exponential."""
    latest = jax.lax.cummax(jnp.where(weight > 0, time, -jnp.inf))
    started = jnp.isfinite(latest)
    known = jnp.where(started, latest, 0.0)
    gap = jnp.diff(known, prepend=known[:1])
    # Frames without a label keep the time of the latest label: they neither age the sum nor add to it.
    decay = jnp.where(started, jnp.exp(-jnp.maximum(gap, 0.0) / MEMORY_SECONDS), 0.0)
    previous = jnp.concatenate([jnp.zeros_like(weight[:1]), weight[:-1]])

    def later(first, second):
        return first[0] * second[0], second[0] * first[1] + second[1]

    return jax.lax.associative_scan(later, (decay, decay * previous))[1]
