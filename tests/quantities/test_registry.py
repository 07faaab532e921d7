"""Scores of quantities: clipped, without unlabeled examples, and independent of batching."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels

from affect_jax.evaluate.run import evaluate
from affect_jax.quantities.registry import QUANTITIES, charted, in_order, quantity
from affect_jax.types import Label, Predictions

AFFECT = ("valence_arousal", "emotion")


def batch_of(shape):
    """Predictions and a batch in which every third row has no V/A, every fourth no emotion, and the last is padding."""
    rng, n = np.random.default_rng(0), int(np.prod(shape))
    place = np.arange(n).reshape(shape)
    label = rng.uniform(-1, 1, (*shape, 2)).astype(np.float32)
    emotion = np.eye(4, dtype=np.float32)[rng.integers(0, 4, shape)]
    nothing = np.zeros(shape, np.float32)
    landmarks = np.zeros((*shape, 68, 2), np.float32)
    labels = make_labels(label, np.float32(place % 3 > 0), emotion, np.float32(place % 4 > 0), landmarks, nothing)
    batch = make_batch(np.zeros((*shape, 4, 4, 3), np.float32), labels, np.float32(place < n - 1), place)
    predicted = np.float32(0.5 * label + rng.normal(0.1, 0.3, label.shape))
    predictions = Predictions(valence_arousal=predicted, emotion=rng.normal(size=(*shape, 4)).astype(np.float32))
    return jax.tree.map(jnp.asarray, (predictions, batch))


def test_scores_clip_predictions_and_skip_unlabeled_and_padding():
    predictions, batch = batch_of((4, 6))
    wide = predictions.replace(valence_arousal=predictions["valence_arousal"] * 3)
    scores = evaluate(lambda _: wide, AFFECT, [batch], 4)
    kept = np.asarray(batch.labels["valence_arousal"].weight * batch.weight) > 0
    clipped = np.clip(np.float64(wide["valence_arousal"])[kept], -1, 1)
    label = np.float64(batch.labels["valence_arousal"].value)[kept]
    np.testing.assert_allclose(scores["rmse/arousal"], np.sqrt(((clipped - label) ** 2).mean(0))[1], atol=1e-6)
    named = np.asarray(batch.labels["emotion"].weight * batch.weight) > 0
    hit = np.asarray(predictions["emotion"]).argmax(-1) == np.asarray(batch.labels["emotion"].value).argmax(-1)
    assert scores["accuracy"] == pytest.approx(hit[named].mean())
    unlabeled = dataclasses.replace(batch, weight=jnp.zeros((4, 6)))
    assert evaluate(lambda _: predictions, AFFECT, [unlabeled], 4) == {}
    only = evaluate(lambda _: predictions.replace(emotion=None), AFFECT, [batch, batch], 4)
    assert "accuracy" not in only and "ccc/mean" in only


def test_merged_states_equal_the_state_of_the_whole():
    predictions, batch = batch_of((24,))
    parts = [jax.tree.map(lambda leaf, s=s: leaf[s], (predictions, batch)) for s in (slice(0, 9), slice(9, 24))]
    answers = {id(part): part_predictions for part_predictions, part in parts}
    merged = evaluate(lambda each: answers[id(each)], AFFECT, [part for _, part in parts], 4)
    assert merged == pytest.approx(evaluate(lambda _: predictions, AFFECT, [batch], 4), abs=1e-6)


@pytest.mark.parametrize("name", ["valence_arousal", "emotion", "landmarks"])
def test_reported_values_are_the_same_on_host_and_device(name):
    rng = np.random.default_rng(1)
    output = rng.normal(0, 2, (5, 1, 8, 8, 68) if name == "landmarks" else (5, 2) if "arousal" in name else (5, 8))
    each = quantity(name)
    host = each.report(np.float32(output), 32)
    device = each.report(jnp.float32(output), 32)
    assert host.shape == (5, *each.label_shape("affectnet_8")) and isinstance(host, np.ndarray)
    np.testing.assert_allclose(device, host, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["valence_arousal", "emotion", "landmarks"])
def test_a_table_gives_back_values_and_labels(name):
    rng, each = np.random.default_rng(2), quantity(name)
    shape = (6, *each.label_shape("emonet_5"))
    values = rng.dirichlet(np.ones(5), 6) if name == "emotion" else rng.normal(size=shape)
    batch_labels = np.eye(5)[[0, 1, 2, 3, 4, 0]] if name == "emotion" else rng.normal(size=shape)
    label = Label(batch_labels, np.float64([1, 1, 0, 1, 1, 0]))
    cells = each.cells(values, "emonet_5")
    assert set(each.columns("emonet_5")) <= set(cells)
    np.testing.assert_array_equal(each.values(cells, "emonet_5"), values)
    text = {column: ["" if str(c) == "nan" else str(c) for c in np.asarray(cell).tolist()] for column, cell in
            each.label_cells(label, "emonet_5").items()}  # fmt: skip
    again = each.read_label(text, "emonet_5")
    np.testing.assert_array_equal(again.weight, label.weight)
    np.testing.assert_array_equal(again.value[label.weight > 0], label.value[label.weight > 0])


def test_an_unknown_quantity_lists_the_known_ones():
    with pytest.raises(
        ValueError,
        match="unknown quantity 'mood'; choose one of emotion, intensity_anger, .*landmarks, valence_arousal",
    ):
        in_order(["emotion", "mood"])
    assert [each.name for each in in_order({"landmarks", "valence_arousal"})] == ["valence_arousal", "landmarks"]


def test_what_is_charted_is_found_by_any_of_its_columns():
    names = lambda *columns: [each.name for each in charted(columns)]
    assert names("p_happy", "x_0", "expression", "label_valence") == []
    assert names("intensity_sad", "arousal", "frame") == ["valence_arousal", "intensity_sad"]
    for each in QUANTITIES.values():
        assert not each.charted or each.limits is not None  # there is no panel without a scale


@pytest.mark.parametrize(
    ("name", "texts"),
    [("valence_arousal", ["+0.50", "-0.25"]), ("intensity_happy", ["0.5", "-0.2"]), ("emotion", ["0.50", "-0.25"])],
)
def test_numbers_have_a_sign_where_they_may_be_negative(name, texts):
    assert [quantity(name).text(number) for number in (0.5, -0.25)] == texts
