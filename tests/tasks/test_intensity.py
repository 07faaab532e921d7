"""The intensity task: each form against float64, frames without labels, several emotions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tasks.intensity import Intensity, IntensityConfig, intensity_loss
from affect_jax.types import Batch, Inputs, Label, Labels, Predictions

TASK = Intensity(IntensityConfig())
SHAPE = (3, 4)  # clips of frames
OUTPUTS = {"classes": 11, "ordinal": 10, "regression": 1}


def make_batch(**labels) -> Batch:
    rows = np.zeros(SHAPE, np.int32)
    made = Labels(**{name: Label(jnp.asarray(value), jnp.asarray(weight)) for name, (value, weight) in labels.items()})
    images = np.zeros((*SHAPE, 1, 1, 3), np.float32)
    weight = np.ones(SHAPE, np.float32)
    weight[2] = 0  # padding
    return Batch(Inputs(images=jnp.asarray(images)), made, jnp.asarray(weight), jnp.asarray(rows), jnp.asarray(rows))


def draw(form: str, seed: int = 0):
    rng = np.random.default_rng(seed)
    outputs = rng.normal(0, 2, (*SHAPE, OUTPUTS[form])).astype(np.float32)
    value = rng.uniform(0, 10, (*SHAPE, 1)).astype(np.float32)
    weight = rng.integers(0, 2, SHAPE).astype(np.float32)
    weight[0, 0] = 1
    return outputs, value, weight


def expected_loss(form: str, outputs: np.ndarray, value: float) -> float:
    """The loss of one frame in float64, written from its definition."""
    outputs = np.float64(outputs)
    nearest = min(int(value + 0.5), 10)
    if form == "classes":
        return -np.log(np.exp(outputs[nearest]) / np.exp(outputs).sum())
    if form == "ordinal":
        exceeds = 1 / (1 + np.exp(-outputs))
        answers = [exceeds[k] if nearest > k else 1 - exceeds[k] for k in range(10)]
        return -np.mean(np.log(answers))
    return (outputs[0] - value / 10) ** 2


@pytest.mark.parametrize("form", OUTPUTS)
def test_the_loss_is_that_of_the_form_over_the_labeled_frames(form):
    outputs, value, weight = draw(form)
    batch = make_batch(intensity_sad=(value, weight))
    terms, memory = jax.jit(TASK.terms)(Predictions(intensity_sad=outputs), batch)
    counted = [(i, j) for i, j in np.argwhere(weight > 0) if i < 2]
    each = [expected_loss(form, outputs[at], float(value[at][0])) for at in counted]
    assert memory is None and set(terms) == {"loss/intensity_sad"}
    np.testing.assert_allclose(terms["loss/intensity_sad"], np.mean(each), rtol=1e-5)


def test_hand_worked_losses():
    """A label of 6.5 belongs to class 7, as in the scores; even outputs cost log 11, log 2 and (0.5 - 0.65) ** 2."""
    one = lambda outputs, value: float(
        intensity_loss(jnp.asarray(outputs)[None], jnp.float32([[value]]), jnp.ones(1))[0]
    )
    assert one(np.zeros(11, np.float32), 6.5) == pytest.approx(np.log(11))
    assert one(30 * np.eye(11, dtype=np.float32)[7], 6.5) == pytest.approx(0, abs=1e-6)
    assert one(30 * np.eye(11, dtype=np.float32)[6], 6.5) == pytest.approx(30, rel=1e-5)
    assert one(np.zeros(10, np.float32), 6.5) == pytest.approx(np.log(2))
    sure = np.where(np.arange(10) < 7, 30, -30).astype(np.float32)
    assert one(sure, 6.5) == pytest.approx(0, abs=1e-6)
    assert one(sure, 8.0) == pytest.approx(3.0, rel=1e-5)  # wrong about exceeding 7, by 30, in one of ten answers
    assert one(np.float32([0.5]), 6.5) == pytest.approx(0.15**2)


@pytest.mark.parametrize("form", OUTPUTS)
def test_frames_without_a_label_may_hold_anything_and_have_no_gradient(form):
    outputs, value, weight = draw(form)
    total = lambda outputs, batch: TASK.combine(TASK.terms(Predictions(intensity_fear=outputs), batch)[0], {}, None)
    slope = jax.jit(jax.grad(total))
    before = slope(outputs, make_batch(intensity_fear=(value, weight)))
    unlabeled = weight == 0
    broken = np.where(unlabeled[..., None], np.float32("nan"), value)
    wild = np.where(unlabeled[..., None], np.float32("inf"), outputs)
    after = slope(wild, make_batch(intensity_fear=(broken, weight)))
    np.testing.assert_array_equal(before, after)
    silent = unlabeled | (np.arange(3) == 2)[:, None]
    assert not np.asarray(before)[silent].any() and np.asarray(before)[~silent].any(-1).all()


def test_several_emotions_have_a_term_each_and_count_equally():
    happy, sad = draw("classes", 1), draw("ordinal", 2)
    batch = make_batch(intensity_happy=happy[1:], intensity_sad=sad[1:])
    raw = {"intensity_happy": happy[0], "intensity_sad": sad[0], "valence_arousal": np.zeros((*SHAPE, 2), np.float32)}
    both = Predictions(**jax.tree.map(jnp.asarray, raw))
    terms, _ = TASK.terms(both, batch)
    assert set(terms) == {"loss/intensity_happy", "loss/intensity_sad"}
    np.testing.assert_allclose(TASK.combine(terms, {}, None), np.mean(list(terms.values())), rtol=1e-6)
    unlabeled, _ = TASK.terms(both, make_batch(intensity_happy=happy[1:]))
    assert unlabeled["loss/intensity_sad"] == 0 and unlabeled["loss/intensity_happy"] == terms["loss/intensity_happy"]


def test_it_learns_the_intensity_of_every_emotion():
    assert set(TASK.quantities) == {name for name in QUANTITIES if name.startswith("intensity_")}
    assert TASK.config.idle(TASK.quantities, set()) == {}


def test_a_head_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"has 7 outputs; expected 11 \(classes\), 10 \(ordinal\) or 1 \(regression\)"):
        intensity_loss(jnp.zeros((2, 7)), jnp.zeros((2, 1)), jnp.ones(2))
