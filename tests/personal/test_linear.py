import jax
import numpy as np
import pytest
from jax import numpy as jnp

from affect_jax.personal.given import Given, only, stacked
from affect_jax.personal.linear import Linear
from affect_jax.personal.registry import METHODS

KEY = jax.random.key(0)


def example(frames=12, seed=0, features=3) -> Given:
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=(frames, *shape)).astype(np.float32)
    ones = np.ones(frames, np.float32)
    labeled = (np.arange(frames) % 2).astype(np.float32)
    return Given(draw(features), draw(2), draw(2), labeled, 1 - labeled, ones, np.arange(frames, dtype=np.float32))


def test_bias_and_scale_are_those_of_least_squares():
    given = example()
    adapter = METHODS["bias_scale"].adapt({}, given, KEY)
    found = np.asarray(adapter.apply(given.features, given.output))
    used = given.labeled > 0
    for dimension in range(2):
        output = given.output[:, dimension].astype(np.float64)
        slope, bias = np.polyfit(output[used], given.label[used, dimension].astype(np.float64), 1)
        np.testing.assert_allclose(found[:, dimension], slope * output + bias, rtol=1e-4, atol=1e-5)


def test_constant_outputs_leave_their_scale_alone():
    given = example()
    given = Given(given.features, 0 * given.output + 0.25, *jax.tree.leaves(given)[2:])
    adapter = METHODS["bias_scale"].adapt({}, given, KEY)
    np.testing.assert_array_equal(adapter.scale, [0, 0])
    np.testing.assert_allclose(adapter.bias, given.label[given.labeled > 0].mean(0) - 0.25, rtol=1e-5)


def test_what_has_weight_0_is_cut_away_even_if_it_is_no_number():
    found = only(np.float32([[1, 2], [np.nan, np.inf]]), np.float32([1, 0]))
    np.testing.assert_array_equal(found, [[1, 2], [0, 0]])


def test_stacked_persons_are_padded_and_must_come_from_one_network():
    persons = stacked([example(3), example(5, seed=1)])
    np.testing.assert_array_equal(persons.present, [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    np.testing.assert_array_equal(persons.features[0, :3], example(3).features)
    with pytest.raises(ValueError, match=r"the persons have \[3, 4\] features; expected the same number"):
        stacked([example(3), example(3, features=4)])
    with pytest.raises(ValueError, match="a person has 5 frames, which do not fit into 4"):
        stacked([example(5)], frames=4)
    with pytest.raises(ValueError, match="no persons to stack"):
        stacked([])


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if isinstance(method, Linear)])
def test_nobody_known_is_the_base_bit_for_bit_also_beside_others(name):
    method, known = METHODS[name], example()
    nothing = jax.tree.map(lambda leaf: leaf, known)
    nothing = Given(*jax.tree.leaves(nothing)[:3], *[0 * known.labeled] * 3, known.time_seconds)
    both = stacked([known, nothing])
    output = jnp.where(both.output > 1, -0.0, both.output)
    personal = jax.vmap(lambda given: method.adapt({}, given, KEY))(both)
    found = jax.vmap(lambda own, features, raw: method.predict({}, own, features, raw))(personal, both.features, output)
    assert np.asarray(found[1]).tobytes() == np.asarray(output[1]).tobytes()
