"""The prior of corrections, learned from source persons."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from jaxtyping import Float, PRNGKeyArray

from affect_jax.personal.choice import choose
from affect_jax.personal.correction import (
    NOISE,
    Origin,
    Prior,
    correction_inputs,
    deviations,
    own_origin,
)
from affect_jax.personal.folds import make_folds
from affect_jax.personal.given import person_at
from affect_jax.personal.hierarchy import Evidence, Hierarchy, isotropic, learn_hierarchy
from affect_jax.personal.independence import independent_weights
from affect_jax.personal.method import Method
from affect_jax.personal.sources import Sources
from affect_jax.personal.spread import feature_spread

NOISES = (0.01, 0.03, 0.1, 0.3)  # variances of remaining errors that rehearsals choose from
MOST_DIRECTIONS = 16  # of the features: those in which source persons vary most; more gained nothing
FEWEST_PERSONS = 3  # that say something about what people have in common


def learn_prior(method: Method, sources: Sources, key: PRNGKeyArray) -> Prior:
    """The hierarchies of persons with a neutral segment and of persons without; isotropic for fewer than three."""
    basis, features, output = _frame_of_reference(sources)
    start = isotropic(deviations(basis.shape[1]), NOISE, len(output))
    prior = Prior(basis, features, output, neutral=start, labeled=start)
    labels_only = _with_neutral(sources, np.zeros_like(sources.given.neutral))
    keys = dict(zip(("labeled", "neutral"), jax.random.split(key), strict=True))
    prior = _learn(method, prior, "labeled", labels_only, keys["labeled"])
    resting = np.flatnonzero(np.asarray(sources.given.neutral).max(axis=1) > 0)
    return _learn(method, prior, "neutral", _persons(sources, resting), keys["neutral"])


def _frame_of_reference(sources: Sources) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardized principal directions of the features, their mean, and the mean output, over all source frames."""
    present = np.asarray(sources.given.present) > 0
    features = np.asarray(sources.given.features, np.float64)[present]
    spread, mean = np.float64(feature_spread(sources.given)), features.mean(axis=0)
    standardized = (features - mean) / spread
    _, directions = np.linalg.eigh(standardized.T @ standardized)  # by ascending variance
    basis = directions[:, ::-1][:, :MOST_DIRECTIONS] / spread[:, None]
    output = np.asarray(sources.given.output, np.float64)[present].mean(axis=0)
    return basis.astype(np.float32), mean.astype(np.float32), output.astype(np.float32)


def _with_neutral(sources: Sources, neutral: Float[np.ndarray, "person frame"]) -> Sources:
    return dataclasses.replace(sources, given=dataclasses.replace(sources.given, neutral=neutral))


def _persons(sources: Sources, kept: np.ndarray) -> Sources:
    given = jax.tree.map(lambda leaf: leaf[kept], sources.given)
    return dataclasses.replace(sources, given=given, subjects=tuple(sources.subjects[index] for index in kept))


def _learn(method: Method, prior: Prior, which: str, sources: Sources, key: PRNGKeyArray) -> Prior:
    """Replaces one of the hierarchies, its candidates compared on persons whom they have not learned from."""
    if len(sources.subjects) < FEWEST_PERSONS:
        return prior
    evidence = gather_evidence(prior, sources)
    folds = make_folds(sources)
    fit = lambda learned, noise: _fit(evidence.of(learned), prior, noise, which)
    fitted = []
    for noise in NOISES:
        without = [fit(np.flatnonzero(learned), noise) for learned in folds.learned]
        of_person = jax.tree.map(lambda *leaves: np.stack(leaves)[folds.of_person], *without)
        fitted.append(of_person)
    hierarchies = jax.tree.map(lambda *leaves: np.stack(leaves), *fitted)
    everywhere = lambda leaf: np.broadcast_to(leaf, (*hierarchies.noise.shape, *np.shape(leaf)))
    priors = dataclasses.replace(jax.tree.map(everywhere, prior), **{which: hierarchies})
    best, scores = choose(method, priors, sources, key)
    logging.info("prior of corrections (%s): noise %g; rehearsed CCC %.3f", which, NOISES[best], scores[best])
    everybody = np.arange(len(sources.subjects))
    return dataclasses.replace(prior, **{which: fit(everybody, NOISES[best])})


def _fit(evidence: Evidence, prior: Prior, noise: float, which: str) -> Hierarchy:
    # Without a neutral segment the mean stays 0: the base network has learned from the source persons already.
    return learn_hierarchy(evidence, deviations(prior.basis.shape[1]), noise, mean=which == "neutral")


def gather_evidence(prior: Prior, sources: Sources) -> Evidence:
    """What the labeled frames of each person say about a correction from its origin."""
    inputs_of = jax.jit(lambda origin, given: correction_inputs(prior.basis, origin, given.features, given.output))
    grams, moments = [], []
    for person in range(len(sources.subjects)):
        given = person_at(sources.given, person)
        has_neutral = bool(np.asarray(given.neutral).any())
        usual = Origin(prior.features, prior.output, jnp.zeros_like(prior.output))
        origin = own_origin(given) if has_neutral else usual
        inputs = np.asarray(inputs_of(origin, given), np.float64)
        weight = np.asarray(independent_weights(given.labeled, given.time_seconds), np.float64)
        errors = np.asarray(given.label - given.output + np.asarray(origin.subtracted)[None], np.float64).T
        inputs, errors = inputs[:, weight > 0], errors[:, weight > 0]
        weighted = inputs * weight[weight > 0][None, :, None]
        grams.append(np.einsum("kfa,kfb->kab", weighted, inputs, optimize=True))
        moments.append(np.einsum("kfa,kf->ka", weighted, errors, optimize=True))
    return Evidence(np.stack(grams), np.stack(moments))
