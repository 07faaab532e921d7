"""The labeled frames of one person in arrays of a fixed size, and how much they tell."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.personal.given import Given, only
from affect_jax.types import ArrayLike

MOST_FRAMES = 320  # a fifth of a minute at 25 fps is 300; of more labeled frames, evenly spread ones are used
# A label tells about the expression that it falls into, which lasts for seconds. With 1 s instead, a block of 15 s
# would pass for 15 labels at random times, and be learned from for so long that the person is worse off than without.
LABEL_SECONDS = 10.0


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Labeled:
    """Labeled frames, then padding of weight 0."""

    features: Float[ArrayLike, "*person frame feature"]
    label: Float[ArrayLike, "*person frame output"]
    weight: Float[ArrayLike, "*person frame"]


def gather_labeled(given: Given, most: int = MOST_FRAMES) -> Labeled:
    """The labeled frames of one person in their order; of more than `most`, that many evenly spread ones."""
    labeled = given.labeled > 0
    count = labeled.sum()
    most = min(most, labeled.shape[0])
    place = jnp.arange(most)
    # Labeled frames first, in their order. A frame's place times their count fits into 32 bits up to 6 million frames.
    order = jnp.argsort(~labeled, stable=True)
    chosen = order[jnp.where(count > most, place * count // most, place)]
    weight = (place < count).astype(jnp.float32)
    return Labeled(only(given.features[chosen], weight), only(given.label[chosen], weight), weight)


def squared_error(predicted: Float[ArrayLike, "frame output"], labeled: Labeled) -> Float[Array, ""]:
    """Mean squared error of all outputs over the labeled frames; 0 without any."""
    squared = jnp.mean((predicted - labeled.label) ** 2, axis=-1)
    return jnp.sum(squared * labeled.weight) / jnp.maximum(jnp.sum(labeled.weight), 1.0)


def labeled_seconds(given: Given) -> Float[Array, ""]:
    """What the labels of one person tell about: `LABEL_SECONDS` each, but no more than the time since the one before.

    75 frames of a block that lasts 15 s tell about 25 s, 75 random frames of 5 minutes about almost all of it. Without
    times, labels are taken to be far apart.
    """
    labeled = given.labeled > 0
    if given.time_seconds is None:
        return LABEL_SECONDS * jnp.sum(labeled.astype(jnp.float32))
    before_all = jnp.full((1,), -jnp.inf, jnp.float32)
    latest = jax.lax.cummax(jnp.where(labeled, given.time_seconds, -jnp.inf).astype(jnp.float32))
    gap = jnp.clip(given.time_seconds - jnp.concatenate([before_all, latest[:-1]]), 0.0, LABEL_SECONDS)
    return jnp.sum(jnp.where(labeled, gap, 0.0))
