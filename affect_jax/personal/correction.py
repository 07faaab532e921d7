"""Corrections of the base network that start from what is known about people: Bayesian linear regression."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from affect_jax.personal.adapter import Adapter
from affect_jax.personal.given import Given, anything, mean_of, only
from affect_jax.personal.hierarchy import Hierarchy, isotropic
from affect_jax.personal.independence import independent_weights
from affect_jax.personal.neutral import neutral_mean, neutral_output
from affect_jax.personal.spread import RAREST
from affect_jax.types import ArrayLike

# Standard deviations over people before any is known: of a constant, of the scale of the output, of the weight of a
# standardized feature.
BIAS, SCALE, WEIGHT = 0.1, 0.3, 0.02
NOISE = 0.1  # variance of what remains; of this order for faces from images


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Prior:
    """How corrections of people differ: one for persons whose neutral face is known, one for those with labels only."""

    basis: Float[ArrayLike, "*stack feature direction"]  # standardized directions of the features
    features: Float[ArrayLike, "*stack feature"]  # means of the source persons
    output: Float[ArrayLike, "*stack output"]
    neutral: Hierarchy
    labeled: Hierarchy


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Origin:
    """Where corrections are measured from: a person's neutral face, or the usual face of the source persons."""

    features: Float[ArrayLike, "feature"]
    output: Float[ArrayLike, "output"]
    subtracted: Float[ArrayLike, "output"]  # from the output before it is corrected


def correction_inputs(
    basis: Float[ArrayLike, "feature direction"],
    origin: Origin,
    features: Float[ArrayLike, "frame feature"],
    output: Float[ArrayLike, "frame output"],
) -> Float[Array, "output frame number"]:
    """For each output: 1, the output and the directions of the features, both measured from the origin."""
    directions = jnp.matmul(features - origin.features[None], basis, precision=jax.lax.Precision.HIGHEST)
    apart = (output - origin.output[None]).T[..., None]
    each = lambda values: jnp.broadcast_to(values[None], (output.shape[-1], *values.shape))
    return jnp.concatenate([jnp.ones_like(apart), apart, each(directions)], axis=-1)


def to_adapter(
    basis: Float[ArrayLike, "feature direction"], origin: Origin, correction: Float[ArrayLike, "output number"]
) -> Adapter:
    """The same correction by features and outputs as the network gives them."""
    multiply = lambda left, right: jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
    weights = multiply(basis, correction[:, 2:].T)
    scale = correction[:, 1]
    bias = correction[:, 0] - scale * origin.output - multiply(origin.features, weights) - origin.subtracted
    return Adapter(weights, bias, scale)


def posterior_mean(
    hierarchy: Hierarchy,
    inputs: Float[Array, "output frame number"],
    errors: Float[Array, "output frame"],
    weight: Float[Array, "frame"],
) -> Float[Array, "output number"]:
    """Bayesian linear regression; solved for the correction in units of its prior, where it is well conditioned.

    Source: Bishop, Pattern Recognition and Machine Learning, 2006, eq. 3.50 and 3.51.
    """

    def one(mean, root, inputs, errors):
        multiply = lambda left, right: jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
        own = multiply(inputs, root) * jnp.sqrt(weight / hierarchy.noise)[:, None]
        surprise = (errors - multiply(inputs, mean)) * jnp.sqrt(weight / hierarchy.noise)
        gram = multiply(own.T, own) + jnp.eye(own.shape[1])
        factor = jax.scipy.linalg.cho_factor(gram)
        return mean + multiply(root, jax.scipy.linalg.cho_solve(factor, multiply(own.T, surprise)))

    return jax.vmap(one)(hierarchy.mean, hierarchy.root, inputs, errors)


def own_origin(given: Given) -> Origin:
    """The neutral face of one person, whose label is 0."""
    output = neutral_output(given)
    return Origin(neutral_mean(given), output, output)


def correct(prior: Prior, given: Given) -> Adapter:
    """The expected correction for one person given all that is known; it changes nothing where nothing is known."""
    neutral, labeled = anything(given.neutral), anything(given.labeled)
    pick = lambda own, usual: jnp.where(neutral > 0, own, usual)
    usual = Origin(prior.features, prior.output, jnp.zeros_like(prior.output))
    origin = jax.tree.map(pick, own_origin(given), usual)
    hierarchy = jax.tree.map(pick, prior.neutral, prior.labeled)
    weight = independent_weights(given.labeled, given.time_seconds)
    features, output, label = (only(values, given.labeled) for values in (given.features, given.output, given.label))
    inputs = correction_inputs(prior.basis, origin, features, output)
    errors = (label - output + origin.subtracted[None]).T
    adapter = to_adapter(prior.basis, origin, posterior_mean(hierarchy, inputs, errors, weight))
    known = jnp.maximum(neutral, labeled) > 0
    return jax.tree.map(lambda leaf: jnp.where(known, leaf, 0.0), adapter)


def prior_without_sources(given: Given) -> Prior:
    """An isotropic prior in units of the person's own features, where no source persons are known."""
    present = (jnp.asarray(given.present) > 0).astype(jnp.float32)[:, None]
    count = jnp.maximum(jnp.sum(present), 1.0)
    center = mean_of(given.features, given.present)
    variance = jnp.sum((only(given.features, given.present) - center[None]) ** 2 * present, axis=0) / count
    spread = jnp.sqrt(variance + RAREST**2 * jnp.mean(variance) + 1e-12)
    hierarchy = isotropic(deviations(len(spread)), NOISE, given.output.shape[-1])
    return Prior(jnp.diag(1 / spread), center, mean_of(given.output, given.present), hierarchy, hierarchy)


def deviations(directions: int) -> Float[np.ndarray, "number"]:
    """Standard deviations of a correction's numbers before any person is known."""
    return np.concatenate([[BIAS, SCALE], np.full(directions, WEIGHT)])
