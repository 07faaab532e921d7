import numpy as np

from affect_jax.personal.hierarchy import DIAGONAL_PERSONS, MEAN_PERSONS, Evidence, isotropic, learn_hierarchy

DIAGONAL, NOISE = np.array([0.3, 0.5, 0.2]), 0.04


def draw_persons(count, frames=40, seed=0):
    """Inputs and errors of persons whose corrections share one direction."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, frames, 3))
    correction = np.array([0.2, -0.1, 0.0]) + rng.normal(size=(count, 1)) * np.array([0.4, 0.8, 0.0])
    errors = np.einsum("pfn,pn->pf", inputs, correction) + np.sqrt(NOISE) * rng.normal(size=(count, frames))
    return inputs, errors


def evidence_of(inputs, errors):
    gram = np.einsum("pfa,pfb->pab", inputs, inputs)
    moment = np.einsum("pfa,pf->pa", inputs, errors)
    return Evidence(np.stack([gram, gram], axis=1), np.stack([moment, -moment], axis=1))


def log_posterior(mean, covariance, inputs, errors):
    """Of m and S, from the density of each person's errors: no sufficient statistics, no iterations."""
    total = -0.5 * DIAGONAL_PERSONS * np.linalg.slogdet(covariance)[1]
    total -= 0.5 * DIAGONAL_PERSONS * np.trace(np.linalg.solve(covariance, np.diag(DIAGONAL**2)))
    total -= 0.5 * MEAN_PERSONS * mean @ np.linalg.solve(covariance, mean)
    for own, error in zip(inputs, errors, strict=True):
        spread = own @ covariance @ own.T + NOISE * np.eye(len(error))
        apart = error - own @ mean
        total -= 0.5 * (np.linalg.slogdet(spread)[1] + apart @ np.linalg.solve(spread, apart))
    return total


def test_mean_and_covariance_are_at_the_maximum_of_the_posterior():
    inputs, errors = draw_persons(12)
    found = learn_hierarchy(evidence_of(inputs, errors), DIAGONAL, NOISE, mean=True)
    mean, root = np.float64(found.mean[0]), np.float64(found.root[0])
    best = log_posterior(mean, root @ root.T, inputs, errors)
    assert best > log_posterior(np.zeros(3), np.diag(DIAGONAL**2), inputs, errors) + 1
    rng = np.random.default_rng(1)
    for _ in range(30):
        other = root @ (np.eye(3) + 0.1 * rng.normal(size=(3, 3)))
        assert log_posterior(mean + 0.05 * rng.normal(size=3), other @ other.T, inputs, errors) < best


def test_the_direction_that_persons_share_is_found_and_signs_follow_the_output():
    found = learn_hierarchy(evidence_of(*draw_persons(60)), DIAGONAL, NOISE, mean=True)
    covariance = found.root[0] @ found.root[0].T
    direction = np.linalg.eigh(covariance)[1][:, -1]
    np.testing.assert_allclose(np.abs(direction), np.array([1, 2, 0]) / np.sqrt(5), atol=0.05)
    assert covariance[2, 2] < 0.01
    np.testing.assert_allclose(found.mean[0], [0.2, -0.1, 0], atol=0.25)
    np.testing.assert_allclose(found.mean[1], -found.mean[0], atol=1e-6)


def test_without_a_mean_it_is_0_and_without_persons_the_diagonal_is_left():
    found = learn_hierarchy(evidence_of(*draw_persons(5)), DIAGONAL, NOISE, mean=False)
    np.testing.assert_array_equal(found.mean, np.zeros((2, 3)))
    nobody = Evidence(np.zeros((1, 2, 3, 3)), np.zeros((1, 2, 3)))
    unchanged = learn_hierarchy(nobody, DIAGONAL, NOISE, mean=False)
    np.testing.assert_allclose(unchanged.root, isotropic(DIAGONAL, NOISE).root, atol=1e-6)


def test_the_evidence_of_some_persons_is_that_of_their_data_alone():
    inputs, errors = draw_persons(4)
    some = evidence_of(inputs, errors).of(np.array([1, 3]))
    np.testing.assert_allclose(some.gram, evidence_of(inputs[[1, 3]], errors[[1, 3]]).gram, rtol=1e-12)
