"""Calibration by one neutral frame: a head that compares each face with the person's own neutral face."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.personal.descent import descend_along, draw_rows
from affect_jax.personal.folds import fit_heads, make_folds, require_head, source_frames
from affect_jax.personal.given import Given, anything
from affect_jax.personal.labeled import Labeled, gather_labeled, squared_error
from affect_jax.personal.method import NEUTRAL
from affect_jax.personal.neutral import neutral_mean, one_neutral_frame, require_neutral
from affect_jax.personal.scoring import score_options
from affect_jax.personal.sources import BaseHead, Sources
from affect_jax.types import ArrayLike

RATE, BATCH = 1e-3, 256
STOPS = (0, 30, 100, 300, 1000)  # numbers of steps to choose from
NEUTRAL_FRAMES = 64  # of each source person, from which one is drawn at random for each face


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class SiamesePrior:
    """A head for differences to a neutral face, shifted to where the base head works: at the usual neutral face."""

    head: BaseHead
    usual: Float[ArrayLike, "*stack feature"]  # the mean of the source persons' neutral faces

    def __call__(
        self, features: Float[ArrayLike, "frame feature"], neutral: Float[ArrayLike, "*frame feature"]
    ) -> Float[Array, "frame output"]:
        """The outputs for faces, each compared with a neutral face."""
        difference = features - jnp.broadcast_to(neutral, features.shape)
        return self.head(difference + jnp.asarray(self.usual)[None])


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class NeutralFace:
    """The features of one neutral frame of a person, if `known` is 1."""

    features: Float[ArrayLike, "*person feature"]
    known: Float[ArrayLike, "*person"]


@dataclasses.dataclass(frozen=True)
class Siamese:
    """Two branches, the base network's trunk, whose difference a head turns into the outputs.

    The head starts as the base head and learns from differences of the source persons' faces to their own neutral ones.
    Source: Feng and de Sa, One-frame calibration with Siamese network in facial action unit recognition,
    arXiv 2409.00240, who train the trunk too, for action units. Starting from the base head is ours.
    """

    name: str = "siamese"
    needs: tuple[str, ...] = (NEUTRAL,)

    def learn(self, sources: Sources, key: PRNGKeyArray) -> SiamesePrior:
        head = require_head(sources, self.name)
        require_neutral(sources, self.name)
        fit_key, fold_key, key = jax.random.split(key, 3)
        folds, frames = make_folds(sources), source_frames(sources)
        heads = fit_heads(head, frames, folds, fit_key)
        given = jax.tree.map(jnp.asarray, sources.given)
        centers = jax.jit(jax.vmap(neutral_mean))(given)
        neutral = jax.jit(jax.vmap(_neutral_frames))(given)
        learn = lambda head, learned, key: _learn(head, frames, neutral, centers, learned, key)
        keys = jax.random.split(fold_key, folds.count)
        learned = jnp.asarray(folds.learned)
        without = jax.jit(lambda: jax.lax.map(lambda fold: learn(*fold), (heads, learned, keys)))()  # [fold, stop, ...]
        faces = jax.jit(jax.vmap(one_neutral_frame))(given)

        def predict(person, features):
            priors = jax.tree.map(lambda leaf: leaf[jnp.asarray(folds.of_person)[person]], without)
            return jax.vmap(lambda prior: prior(features, faces[person]))(priors)

        stop = int(np.argmax(score_options(predict, frames)))
        everybody = jax.jit(learn)(head, jnp.ones(len(centers)), key)
        return jax.tree.map(lambda leaf: leaf[stop], everybody)

    def adapt(self, prior: SiamesePrior, given: Given, key: PRNGKeyArray) -> NeutralFace:
        return NeutralFace(one_neutral_frame(given), anything(given.neutral))

    def predict(
        self,
        prior: SiamesePrior,
        personal: NeutralFace,
        features: Float[ArrayLike, "frame feature"],
        output: Float[ArrayLike, "frame output"],
    ) -> Float[Array, "frame output"]:
        return jnp.where(personal.known > 0, prior(features, personal.features), output)


def _neutral_frames(given: Given) -> Labeled:
    return gather_labeled(dataclasses.replace(given, labeled=given.neutral), NEUTRAL_FRAMES)


def _learn(head, frames, neutral, centers, learned, key) -> SiamesePrior:
    """The prior after each number of steps, from the persons whose `learned` is 1; [stop, ...]."""
    usual = learned @ centers / jnp.sum(learned)
    counts = jnp.sum(neutral.weight, axis=1).astype(jnp.int32)
    weight = (frames.weight * learned[:, None]).reshape(-1)
    frames_each = frames.weight.shape[1]

    def loss(head, step):
        rows_key, neutral_key = jax.random.split(jax.random.fold_in(key, step))
        rows = draw_rows(rows_key, 0, len(weight), BATCH)
        person, frame = rows // frames_each, rows % frames_each
        drawn = jax.random.randint(neutral_key, (BATCH,), 0, counts[person])
        batch = Labeled(frames.features[person, frame], frames.label[person, frame], weight[rows])
        predicted = SiamesePrior(head, usual)(batch.features, neutral.features[person, drawn])
        return squared_error(predicted, batch)

    heads = descend_along(loss, head, jnp.float32(RATE), STOPS)
    return jax.vmap(lambda head: SiamesePrior(head, usual))(heads)
