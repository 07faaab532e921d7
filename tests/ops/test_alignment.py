import jax
import jax.numpy as jnp
import numpy as np

from affect_jax.ops.alignment import align


def face(seed=0):
    points = np.random.default_rng(seed).normal(0, 10, (68, 2))
    points[36:42] += [-20, -5]
    points[42:48] += [20, -5]
    return points


def test_place_size_and_turn_do_not_matter_but_shape_does():
    points, angle = face(), 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = 3.5 * points @ turn.T + [40, -7]
    found = align(jnp.float32(np.stack([points, moved])))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    other = points.copy()
    other[48:60] *= 1.2
    assert np.abs(align(jnp.float32(other)) - found[0]).max() > 0.01


def test_the_result_is_centered_of_unit_size_and_level():
    found = np.float64(align(jnp.float32(face(1))))
    inner = found[17:]
    np.testing.assert_allclose(inner.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose((inner**2).sum(-1).mean(), 1, rtol=1e-5)
    across = found[42:48].mean(0) - found[36:42].mean(0)
    np.testing.assert_allclose(across[1], 0, atol=1e-6)
    assert across[0] > 0


def test_landmarks_on_one_point_stay_finite():
    value, gradient = jax.value_and_grad(lambda points: align(points).sum())(jnp.full((68, 2), 5.0))
    assert value == 0 and np.isfinite(value)
    assert not jnp.isnan(gradient[:17]).any()
