import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.personal.given import Given, person_at
from affect_jax.personal.outputs import adapted_quantities, answer, labels_of, reported
from affect_jax.personal.registry import METHODS
from affect_jax.personal.sources import BaseHead
from affect_jax.personal.together import adapt_alone, adapt_together

KEY = jax.random.key(0)
TWO = ("intensity_happy", "intensity_sad")


def test_valence_and_arousal_are_adapted_or_else_all_intensities_in_the_order_of_the_registry():
    assert adapted_quantities(("emotion", "intensity_happy", "valence_arousal")) == ("valence_arousal",)
    assert adapted_quantities({"intensity_sad": 1, "intensity_happy": 2, "features": 3, "landmarks": 4}) == TWO
    assert adapted_quantities(("emotion", "landmarks")) == ()


@pytest.mark.parametrize("each", [1, 10, 11])
def test_an_intensity_is_the_expected_one_in_tenths(each):
    """Certain of class 4 and of class 0; the regression is in tenths already, and is not clipped."""
    raw = {
        1: [[0.4, -0.2]],
        10: [[60.0] * 4 + [-60.0] * 6 + [-60.0] * 10],
        11: [[0.0] * 4 + [80.0] + [0.0] * 6 + [80.0] + [0.0] * 10],
    }[each]
    found = jax.jit(lambda raw: answer(raw, each))(jnp.float32(raw))
    np.testing.assert_allclose(found, [[0.4, -0.2 if each == 1 else 0.0]], atol=1e-6)
    np.testing.assert_allclose(answer(np.float64(raw), each), found, atol=1e-6)


def test_what_is_reported_is_in_the_units_of_labels_and_clipped():
    found = reported(TWO, np.float32([[0.25, -0.1], [1.2, 0.5]]))
    np.testing.assert_allclose(found["intensity_happy"], [[2.5], [10]], rtol=1e-6)
    np.testing.assert_allclose(found["intensity_sad"], [[0], [5]], rtol=1e-6)
    labels = labels_of(TWO, np.float32([[0.3, 0.7]]), np.ones(1))
    np.testing.assert_allclose([labels[name].value[0, 0] for name in TWO], [3, 7], rtol=1e-6)
    with pytest.raises(ValueError, match="unknown quantity"):
        labels_of(("happiness",), np.zeros((1, 1), np.float32), np.ones(1))


def three_outputs(persons=2, frames=12) -> Given:
    """Two persons with three outputs; the first frames are neutral, every other one is labeled."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=(persons, frames, *shape)).astype(np.float32)
    ones, place = np.ones((persons, frames), np.float32), np.broadcast_to(np.arange(frames), (persons, frames))
    labeled, neutral = ((place % 2) == 1).astype(np.float32), (place < 3).astype(np.float32)
    return Given(draw(4), draw(3), draw(3), labeled, neutral, ones, place.astype(np.float32))


@pytest.mark.parametrize("name", ["none", "bias_scale", "ridge", "neutral_subtraction", "prior"])
def test_each_of_three_outputs_is_adapted_as_if_it_were_one_of_two(name):
    """The outputs of linear methods do not know of each other, so a column alone gives the same."""
    method, given = METHODS[name], three_outputs()
    together = adapt_together(method, {}, given, KEY)
    found = jax.vmap(lambda own, features, output: method.predict({}, own, features, output))(
        together, given.features, given.output
    )
    for person in range(2):
        own = person_at(given, person)
        first = Given(own.features, own.output[:, :1], own.label[:, :1], *jax.tree.leaves(own)[3:])
        alone = adapt_alone(method, {}, first, KEY)
        expected = method.predict({}, alone, first.features, first.output)
        np.testing.assert_allclose(found[person, :, :1], expected, rtol=1e-4, atol=1e-4)


def test_subtraction_by_hand():
    """Neutral frames answer 0.2 and 0.4, so that 0.3 is subtracted of every answer, and 0 is the least reported."""
    output = np.float32([[0.2], [0.4], [0.75], [0.1]])
    neutral = np.float32([1, 1, 0, 0])
    given = Given(np.zeros((4, 2), np.float32), output, 0 * output, 0 * neutral, neutral, np.ones(4, np.float32))
    method = METHODS["neutral_subtraction"]
    found = method.predict({}, adapt_alone(method, {}, given, KEY), given.features, given.output)
    np.testing.assert_allclose(found, [[-0.1], [0.1], [0.45], [-0.2]], atol=1e-6)
    values = reported(("intensity_happy",), np.asarray(found))["intensity_happy"]
    np.testing.assert_allclose(values, [[0], [1], [4.5], [0]], atol=1e-5)


def test_a_head_without_a_hidden_layer_is_the_last_layer_and_its_answer():
    rng = np.random.default_rng(0)
    kernel, bias, features = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 22), (22,), (4, 5)))
    head = BaseHead(None, None, kernel, bias, each=11)
    assert (head.layers, head.inputs) == (("output",), 5)
    logits = (np.float64(features) @ kernel + bias).reshape(4, 2, 11)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(head(features), (shares * np.arange(11) / 10).sum(-1), rtol=1e-5)
