"""Which of several options suits the source persons best."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from affect_jax.metrics.agreement import ccc
from affect_jax.metrics.moments import PairMoments
from affect_jax.personal.labeled import Labeled

Options = Callable[[Int[Array, ""], Float[Array, "frame feature"]], Float[Array, "option frame output"]]


def score_options(predict: Options, frames: Labeled) -> Float[np.ndarray, "option"]:
    """Mean CCC over the source persons of each option.

    Args:
        predict: what each option predicts, of (the person's index, features of that person's frames); pure.
        frames: labeled frames of the persons, [person, frame, ...].
    """

    def moments(person):
        own = jax.tree.map(lambda leaf: leaf[person], frames)
        predicted = predict(person, own.features)
        return jax.vmap(lambda option: PairMoments.of(option, own.label, own.weight))(predicted)

    # One person after another: all experts of all persons at once would not fit into memory.
    return mean_ccc(jax.jit(lambda: jax.lax.map(moments, jnp.arange(frames.weight.shape[0])))())


def mean_ccc(moments: PairMoments) -> Float[np.ndarray, "option"]:
    """CCC of each option, the mean over persons and outputs; from moments [person, option]."""
    moments = jax.tree.map(np.asarray, moments)
    scores = np.zeros(moments.count.shape)
    for place in np.ndindex(scores.shape):
        scores[place] = np.mean(ccc(jax.tree.map(lambda leaf, place=place: leaf[place], moments)))
    return np.nanmean(scores, axis=0)
