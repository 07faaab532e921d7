"""The neutral face of a person."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.personal.given import Given, mean_of, only
from affect_jax.personal.sources import Sources


def neutral_mean(given: Given) -> Float[Array, "feature"]:
    """Mean features of one person's neutral frames; zeros without any."""
    return mean_of(given.features, given.neutral)


def neutral_output(given: Given) -> Float[Array, "output"]:
    """Mean outputs of one person's neutral frames; zeros without any."""
    return mean_of(given.output, given.neutral)


def one_neutral_frame(given: Given) -> Float[Array, "feature"]:
    """Features of the neutral frame that is nearest to their mean, so that no blink is chosen; zeros without any."""
    features = only(given.features, given.neutral)
    distance = jnp.sum((features - neutral_mean(given)[None]) ** 2, axis=-1)
    nearest = jnp.argmin(jnp.where(given.neutral > 0, distance, jnp.inf))
    return features[nearest]


def require_neutral(sources: Sources, method: str) -> None:
    """ValueError that names the first source person without a neutral frame."""
    missing = np.flatnonzero(np.asarray(sources.given.neutral).max(axis=1) == 0)
    if len(missing):
        raise ValueError(
            f"method '{method}' compares with a neutral face, but source person '{sources.subjects[missing[0]]}' has "
            f"no neutral frame ({len(missing)} of {len(sources.subjects)} persons have none); mark the frames in which "
            "they were asked to look neutral"
        )
