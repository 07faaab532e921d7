"""Which of several priors suits best, by rehearsals: source persons are adapted to as if they were strangers."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.metrics.moments import PairMoments
from affect_jax.personal.given import Given, kept_frames
from affect_jax.personal.method import Method
from affect_jax.personal.rehearsal import draw_frames, rehearsed_persons
from affect_jax.personal.scoring import mean_ccc
from affect_jax.personal.sources import Sources

# What is labeled of a source person: blocks of the lengths that people label, and frames far apart.
AMOUNTS = (("block", 0.02), ("block", 0.05), ("block", 0.1), ("random", 0.05))


def choose(
    method: Method, priors: Any, sources: Sources, key: PRNGKeyArray
) -> tuple[int, Float[np.ndarray, "candidate"]]:
    """The index of the candidate with the highest mean CCC of the source persons, and the CCC of each.

    Args:
        method: adapts and predicts.
        priors: leaves [candidate, person, ...]; what is learned of other persons must not be learned of that person.
        sources: the persons to rehearse on.
        key: decides which frames are labeled.
    """
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    persons = rehearsed_persons(len(sources.subjects))
    priors = jax.tree.map(lambda leaf: np.swapaxes(np.asarray(leaf)[:, persons], 0, 1), priors)
    whole = jax.tree.map(lambda leaf: np.asarray(leaf)[persons], sources.given)

    def rehearse(prior: Any, given: Given, scored: Float[Array, "frame"], whole: Given) -> PairMoments:
        personal = method.adapt(prior, given, key)
        predicted = method.predict(prior, personal, whole.features, whole.output)
        return PairMoments.of(predicted, whole.label, scored)

    # One person after another: the inputs of all persons for all candidates at once would fill the memory.
    of_candidates = lambda person: jax.vmap(rehearse, in_axes=(0, None, None, None))(*person)
    every = jax.jit(lambda *persons: jax.lax.map(of_candidates, persons))
    drawn = [draw_frames(kind, share, whole, rng) for kind, share in AMOUNTS]
    most = max(int(((labeled > 0) | (whole.neutral > 0)).sum(axis=1).max()) for labeled, _ in drawn)
    scores = []
    for labeled, scored in drawn:
        rehearsed = dataclasses.replace(whole, labeled=labeled)
        given = kept_frames(rehearsed, (labeled > 0) | (whole.neutral > 0), most)
        scores.append(mean_ccc(every(priors, given, scored, whole)))
    mean = np.mean(scores, axis=0)
    return int(np.argmax(mean)), mean


def for_everybody(candidates: Sequence[float], persons: int) -> Float[np.ndarray, "candidate person"]:
    """Candidates that learn nothing of anybody, as `choose` takes them."""
    return np.repeat(np.float32(candidates)[:, None], persons, axis=1)
