"""Adaptive learning: a few steps toward a neutral answer on frames of a person's neutral face."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from absl import logging
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.personal.descent import descend, descend_along
from affect_jax.personal.folds import fit_heads, head_without, make_folds, require_head, source_frames
from affect_jax.personal.given import Given, anything
from affect_jax.personal.labeled import Labeled, gather_labeled
from affect_jax.personal.method import NEUTRAL
from affect_jax.personal.neutral import require_neutral
from affect_jax.personal.scoring import score_options
from affect_jax.personal.sources import BaseHead, Sources
from affect_jax.quantities.intensity import THRESHOLDS
from affect_jax.types import ArrayLike

RATES = (1e-4, 1e-3, 1e-2, 1e-1)  # learning rates to choose from; the first is that of the paper
STOPS = (0, 1, 3, 10, 30, 100, 300)  # numbers of iterations to choose from; 0 leaves the network as it is
BATCH = 3  # frames of an iteration
MOMENTUM = 0.9


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AdaptivePrior:
    """The network before it is adapted, and how far that goes."""

    head: BaseHead
    learning_rate: Float[ArrayLike, "*stack"]
    iterations: Int[ArrayLike, "*stack"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class AdaptedHead:
    """The arrays of a person's head that learned, by name, which count where `known` is 1."""

    learned: dict[str, Float[ArrayLike, "..."]]
    known: Float[ArrayLike, "*person"]


@dataclasses.dataclass(frozen=True)
class AdaptiveLearning:
    """Layers of the head descend the loss of their training on neutral frames, whose label is known without asking.

    An iteration is a step of stochastic gradient descent with momentum on three random frames. Learning rate and number
    of iterations are chosen on the source persons, each taken for a stranger.
    Source: Ouyang et al. (emotion intensity from video), adaptive learning: learning rate 1e-4, momentum 0.9, three
    clips an iteration, the whole network. Adapting the last layers alone and the choice on source persons are ours.
    """

    name: str = "adaptive_learning"
    layers: str = "output_.*"  # regular expression of the arrays that learn, by their names in `BaseHead`
    needs: tuple[str, ...] = (NEUTRAL,)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> AdaptivePrior:
        head = require_head(sources, self.name)
        require_neutral(sources, self.name)
        fit_key, key = jax.random.split(key)
        folds, frames = make_folds(sources), source_frames(sources)
        heads = fit_heads(head, frames, folds, fit_key)
        fold_of = jnp.asarray(folds.of_person)
        neutral = jax.jit(jax.vmap(neutral_frames))(jax.tree.map(jnp.asarray, sources.given))

        def predict(person, features):
            own = jax.tree.map(lambda leaf: leaf[person], neutral)
            start = head_without(heads, fold_of[person])
            along = jax.vmap(lambda rate: self._along(start, own, rate, key, STOPS))(jnp.asarray(RATES))
            predicted = jax.vmap(jax.vmap(lambda learned: dataclasses.replace(start, **learned)(features)))(along)
            return predicted.reshape(-1, *predicted.shape[2:])

        scores = np.nan_to_num(score_options(predict, frames), nan=-np.inf)  # too fast a descent may diverge
        rate, stop = np.unravel_index(int(np.argmax(scores)), (len(RATES), len(STOPS)))
        logging.info("%s: rate %g, %d iterations; CCC %.3f", self.name, RATES[rate], STOPS[stop], scores.max())
        return self.prior(head, RATES[rate], STOPS[stop])

    def prior(self, head: BaseHead, learning_rate: float, iterations: int) -> AdaptivePrior:
        """A prior that asks nobody: so many iterations at this rate."""
        return AdaptivePrior(head, np.float32(learning_rate), np.int32(iterations))

    def adapt(self, prior: AdaptivePrior, given: Given, key: PRNGKeyArray) -> AdaptedHead:
        loss, start = self._loss(prior.head, neutral_frames(given), key), self._start(prior.head)
        learned = descend(loss, start, prior.learning_rate, prior.iterations, _rule)
        moved = (jnp.asarray(prior.iterations) > 0).astype(jnp.float32)
        return AdaptedHead(learned, anything(given.neutral) * moved)

    def predict(
        self,
        prior: AdaptivePrior,
        personal: AdaptedHead,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        adapted = dataclasses.replace(prior.head, **personal.learned)
        return jnp.where(personal.known > 0, adapted(features), output)

    def _start(self, head: BaseHead) -> dict[str, Array]:
        names = [f"{layer}_{part}" for layer in head.layers for part in ("kernel", "bias")]
        chosen = [name for name in names if re.fullmatch(self.layers, name)]
        if not chosen:
            raise ValueError(f"layers='{self.layers}' matches no array of the head; it has {', '.join(names)}")
        return {name: jnp.asarray(getattr(head, name)) for name in chosen}

    def _along(self, head: BaseHead, neutral: Labeled, rate: Array, key: PRNGKeyArray, stops: Sequence[int]) -> Any:
        return descend_along(self._loss(head, neutral, key), self._start(head), rate, stops, _rule)

    def _loss(self, head: BaseHead, neutral: Labeled, key: PRNGKeyArray):
        count = jnp.maximum(jnp.sum(neutral.weight), 1.0).astype(jnp.int32)

        def loss(learned, step):
            rows = jax.random.randint(jax.random.fold_in(key, step), (BATCH,), 0, count)
            raw = dataclasses.replace(head, **learned).raw(neutral.features[rows])
            return jnp.mean(neutral_loss(raw, head.each))

        return loss


def neutral_frames(given: Given) -> Labeled:
    """The neutral frames of one person, then padding of weight 0; their labels are not used."""
    resting = dataclasses.replace(given, labeled=given.neutral, label=jnp.zeros_like(given.output))
    return gather_labeled(resting)


def neutral_loss(raw: Float[Array, "frame raw"], each: int) -> Float[Array, "frame"]:
    """The loss of each frame if its label is neutral, by the form of the head, as the networks are trained.

    Classes: cross-entropy with class 0. Ordinal: binary cross-entropies of exceeding no threshold. One number for an
    output: its squared error, as the label is 0. Means over outputs.
    """
    if each == 1:
        return jnp.mean(raw**2, axis=-1)
    logits = raw.reshape(raw.shape[0], -1, each)
    if each == THRESHOLDS:
        return jnp.mean(jax.nn.softplus(logits), axis=(1, 2))
    return jnp.mean(-jax.nn.log_softmax(logits)[..., 0], axis=-1)


def _rule(learning_rate: Float[ArrayLike, ""]) -> optax.GradientTransformation:
    return optax.sgd(learning_rate, momentum=MOMENTUM)
