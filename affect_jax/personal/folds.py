"""Source persons left out in turn, and heads that have not learned from them.

Hyperparameters are chosen by how well source persons do that are treated like strangers. The base head has learned from
them, so a stranger's place is taken with a head fitted to the features of the others. The features themselves stay
those of a network that has seen everybody, which makes source persons easier than strangers still.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from affect_jax.personal.descent import descend_along, draw_rows
from affect_jax.personal.labeled import Labeled, gather_labeled, squared_error
from affect_jax.personal.scoring import score_options
from affect_jax.personal.sources import BaseHead, Sources
from affect_jax.types import ArrayLike

EACH_UP_TO = 10  # persons that are left out one by one; more of them in `FOLDS` groups
FOLDS = 5
SOURCE_FRAMES = 512  # of each source person, evenly spread
HEAD_RATE, HEAD_BATCH = 3e-3, 256
HEAD_STOPS = (100, 300, 1000)  # numbers of steps to choose from


@dataclasses.dataclass(frozen=True)
class Folds:
    """Which source persons are left out together."""

    of_person: Int[np.ndarray, "person"]
    count: int

    @property
    def learned(self) -> Float[np.ndarray, "fold person"]:
        """1: the person is learned from in this fold, 0: left out."""
        return (np.arange(self.count)[:, None] != self.of_person[None]).astype(np.float32)


def make_folds(sources: Sources) -> Folds:
    """Every person a fold of its own, or five groups of persons; ValueError for fewer than two persons."""
    persons = len(sources.subjects)
    if persons < 2:
        raise ValueError(f"{persons} source person; at least 2 are needed, to be left out in turn")
    count = persons if persons <= EACH_UP_TO else FOLDS
    return Folds(np.arange(persons) % count, count)


def require_head(sources: Sources, method: str) -> BaseHead:
    """The head of the base network; ValueError if the stored features come without."""
    if sources.head is None:
        raise ValueError(
            f"method '{method}' fine-tunes the last layers of the base network, which the stored features do not hold: "
            "launch.features leaves them out where outputs are averaged. Choose a method such as ridge or prior"
        )
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), sources.head)


def source_frames(sources: Sources) -> Labeled:
    """Evenly spread labeled frames of each source person that are not neutral ones, [person, frame, ...]."""
    labeled = np.asarray(sources.given.labeled) * (np.asarray(sources.given.neutral) == 0)
    given = dataclasses.replace(sources.given, labeled=labeled.astype(np.float32))
    return jax.jit(jax.vmap(lambda given: gather_labeled(given, SOURCE_FRAMES)))(given)


def fit_heads(head: BaseHead, frames: Labeled, folds: Folds, key: PRNGKeyArray) -> BaseHead:
    """Heads of the sizes of `head`, fitted from scratch to the persons that each fold learns from; [fold, ...].

    The number of steps is the one that suits those left out best: a head that is overfitted would make it look as if
    strangers needed more adapting than they do.
    """
    features = frames.features.reshape(-1, frames.features.shape[-1])
    weight = frames.weight[None] * folds.learned[:, :, None]
    flat = Labeled(features, frames.label.reshape(-1, frames.label.shape[-1]), weight[0].reshape(-1))
    fit = lambda weight, key: _fit_head(head, dataclasses.replace(flat, weight=weight), key)
    keys = jax.random.split(key, folds.count)
    heads = jax.jit(jax.vmap(fit))(jnp.asarray(weight.reshape(folds.count, -1)), keys)  # [fold, stop, ...]
    of_person = jnp.asarray(folds.of_person)
    predict = lambda person, own: jax.vmap(lambda head: head(own))(head_without(heads, of_person[person]))
    stop = int(np.argmax(score_options(predict, frames)))
    return jax.tree.map(lambda leaf: leaf[:, stop], heads)


def _fit_head(head: BaseHead, frames: Labeled, key: PRNGKeyArray) -> BaseHead:
    first, last, batches = jax.random.split(key, 3)
    share = frames.weight[:, None] / jnp.maximum(jnp.sum(frames.weight), 1.0)
    center = jnp.sum(share * frames.features, axis=0)
    spread = jnp.sqrt(jnp.sum(share * (frames.features - center[None]) ** 2, axis=0))
    spread = jnp.maximum(spread, 0.1 * jnp.mean(spread) + 1e-6)  # what hardly varies here may vary in a stranger
    draw = lambda key, kernel, gain: jax.random.normal(key, kernel.shape) * jnp.sqrt(gain / kernel.shape[0])
    start = dataclasses.replace(
        head,
        hidden_kernel=None if head.hidden_kernel is None else draw(first, head.hidden_kernel, 2.0),
        hidden_bias=None if head.hidden_bias is None else jnp.zeros_like(head.hidden_bias),
        output_kernel=draw(last, head.output_kernel, 1.0),
        output_bias=jnp.zeros_like(head.output_bias),
    )
    standardized = (frames.features - center[None]) / spread[None]

    def loss(head, step):
        rows = draw_rows(batches, step, len(frames.weight), HEAD_BATCH)
        return squared_error(head(standardized[rows]), jax.tree.map(lambda leaf: leaf[rows], frames))

    def for_raw_features(fitted: BaseHead) -> BaseHead:
        names = f"{fitted.layers[0]}_kernel", f"{fitted.layers[0]}_bias"
        kernel = getattr(fitted, names[0]) / spread[:, None]
        changed = kernel, getattr(fitted, names[1]) - center @ kernel
        return dataclasses.replace(fitted, **dict(zip(names, changed, strict=True)))

    return jax.vmap(for_raw_features)(descend_along(loss, start, jnp.float32(HEAD_RATE), HEAD_STOPS))


def head_without(heads: BaseHead, fold: Int[ArrayLike, ""]) -> BaseHead:
    """The head of one fold, or its heads."""
    return jax.tree.map(lambda leaf: leaf[fold], heads)
