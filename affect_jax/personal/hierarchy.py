"""Empirical Bayes: what the corrections of people have in common, learned from the corrections of source persons.

Each person's correction w is drawn from N(m, S), and errors of the corrected output from N(0, noise). m and S maximize
the posterior given the source persons' data, by expectation maximization; a prior keeps them near 0 and near a diagonal
where the persons are few. S is then what the persons span (of low rank) plus a diagonal.
Source: Laird and Ware, Biometrics 38(4), 1982 (EM for random effects); Gelman et al., Bayesian Data Analysis, 3rd
edition, section 3.6 (the normal-inverse-Wishart prior).
"""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float

from affect_jax.types import ArrayLike

DIAGONAL_PERSONS = 2.0  # persons as which the diagonal counts when S is learned
MEAN_PERSONS = 3.0  # persons with a correction of 0 that are added when m is learned
ITERATIONS = 15


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Hierarchy:
    """N(mean, root @ root.T) over corrections of persons; `noise` is the variance of what no correction explains."""

    mean: Float[ArrayLike, "*stack output number"]  # of the correction to each output
    root: Float[ArrayLike, "*stack output number number"]
    noise: Float[ArrayLike, "*stack"]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Weighted sums over each person's frames, in float64: all that the data say about a linear correction."""

    gram: Float[np.ndarray, "person output number number"]  # of inputs with inputs
    moment: Float[np.ndarray, "person output number"]  # of inputs with errors of the base network

    def of(self, persons: np.ndarray) -> "Evidence":
        """The evidence of some persons: indices, or a mask."""
        return Evidence(self.gram[persons], self.moment[persons])


def isotropic(diagonal: Float[np.ndarray, "number"], noise: float, outputs: int = 2) -> Hierarchy:
    """Corrections about 0, their numbers independent of each other; `diagonal` holds their standard deviations."""
    root = np.broadcast_to(np.diag(diagonal), (outputs, len(diagonal), len(diagonal))).astype(np.float32)
    return Hierarchy(np.zeros((outputs, len(diagonal)), np.float32), root, np.float32(noise))


def learn_hierarchy(evidence: Evidence, diagonal: Float[np.ndarray, "number"], noise: float, mean: bool) -> Hierarchy:
    """Fits m and S to the source persons.

    Args:
      evidence: of the source persons.
      diagonal: standard deviations of the correction's numbers before any person is known.
      noise: variance of the remaining errors.
      mean: whether m is learned; else it is 0.
    """
    fitted = []
    for output in range(evidence.moment.shape[1]):
        gram, moment = evidence.gram[:, output] / noise, evidence.moment[:, output] / noise
        fitted.append(_maximize(gram, moment, np.diag(np.float64(diagonal) ** 2), mean))
    means, covariances = zip(*fitted, strict=True)
    roots = np.stack([np.linalg.cholesky(covariance) for covariance in covariances])
    return Hierarchy(np.stack(means).astype(np.float32), roots.astype(np.float32), np.float32(noise))


def _maximize(
    gram: np.ndarray, moment: np.ndarray, start: np.ndarray, learn_mean: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the corrections to one output."""
    count = len(gram)
    covariance, mean = start, np.zeros(len(start))
    for _ in range(ITERATIONS):
        precision = np.linalg.inv(covariance)
        uncertain = np.linalg.inv(gram + precision)
        corrections = (uncertain @ (moment + precision @ mean)[..., None])[..., 0]
        if learn_mean:
            mean = corrections.sum(axis=0) / (count + MEAN_PERSONS)
        apart = corrections - mean
        scatter = apart.T @ apart + uncertain.sum(axis=0) + MEAN_PERSONS * np.outer(mean, mean)
        covariance = (DIAGONAL_PERSONS * start + scatter) / (DIAGONAL_PERSONS + count)
    return mean, covariance
