"""Evaluation in the loop and from the table against float64 NumPy, and the files that it writes."""

import csv
import dataclasses
import io
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels

from affect_jax.emotions import LABEL_SETS
from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.flip import with_flip_averaging
from affect_jax.evaluate.run import evaluate
from affect_jax.evaluate.summary import EvaluationConditions, summarize, write_summary
from affect_jax.quantities.registry import quantity
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import read_schema
from affect_jax.tables.writing import write_rows
from affect_jax.types import Example, Inputs, Predictions

EMOTIONS = ("neutral", "happy", "sad")
AFFECT = ("valence_arousal", "emotion")
CONDITIONS = EvaluationConditions(
    "rendered", "test", "landmark_square warp=antialiased side_ratio=1.8182 crop_px=4", "tiny_3", (), 120
)


def example(index, rng):
    subject, clip, frame = index // 20, index // 10, index % 10
    labels = make_labels(
        rng.uniform(-1, 1, 2).astype(np.float32),
        np.float32(index % 4 > 0),
        np.eye(3, dtype=np.float32)[rng.integers(3)],
        np.float32(index % 5 > 0),
        np.zeros((68, 2), np.float32),
        np.float32(0),
    )
    return Example(f'faces/{index}, "a".jpg', f"subject_{subject}", f"clip_{clip}", frame, frame / 30, labels)


@pytest.fixture(autouse=True)
def label_set(monkeypatch):
    monkeypatch.setitem(LABEL_SETS, "tiny_3", EMOTIONS)


def rows_of(predict, stream, examples):
    return collect(predict, stream, examples, AFFECT, "tiny_3", 4)


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    return [example(index, rng) for index in range(60)]


def batches(examples, groups):
    """Batches of rows, or of windows, whose pictures carry the index of their example."""
    for group in groups:
        index = np.array(group)
        labels = [examples[place].labels for place in index.reshape(-1)]
        stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *labels)
        stacked = jax.tree.map(lambda leaf, shape=index.shape: leaf.reshape(*shape, *leaf.shape[1:]), stacked)
        images = np.zeros((*index.shape, 4, 4, 3), np.float32) + index[..., None, None, None].astype(np.float32)
        images[..., 0, :] += 0.5  # the mirror image differs
        yield make_batch(images, stacked, np.ones(index.shape, np.float32), index)


@jax.jit
def predict(batch):
    """A made-up network: smooth functions of the picture, partly beyond [-1, 1]."""
    left, right = batch.inputs.images[..., 0, 0, 0], batch.inputs.images[..., 0, -1, 0]
    affect = jnp.stack([1.2 * jnp.sin(left), jnp.cos(1.7 * left) + 0.1 * right], -1)
    return Predictions(valence_arousal=affect, emotion=jnp.stack([jnp.sin(left), jnp.cos(left), jnp.sin(2 * left)], -1))


def numpy_affect(index):
    left = index + 0.5
    return np.clip(np.stack([1.2 * np.sin(left), np.cos(1.7 * left) + 0.1 * index], -1), -1, 1)


def numpy_ccc(predicted, label):
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    return 2 * covariance / (predicted.var(0) + label.var(0) + (predicted.mean(0) - label.mean(0)) ** 2)


def truth(examples, index):
    labels = [examples[place].labels for place in index]
    rated = np.array([label["valence_arousal"].weight > 0 for label in labels])
    return np.float64([label["valence_arousal"].value for label in labels]), rated


def padded(batch, size):
    grow = lambda leaf: np.concatenate([leaf, np.repeat(leaf[-1:], size - len(leaf), 0)])
    weight = np.concatenate([batch.weight, np.zeros(size - len(batch.weight), np.float32)])
    return dataclasses.replace(jax.tree.map(grow, batch), weight=weight)


@pytest.mark.parametrize("batch", [1, 7, 32, 60])
def test_both_routes_give_the_score_of_the_whole_set(examples, batch):
    groups = [range(start, min(start + batch, 60)) for start in range(0, 60, batch)]
    stream = [padded(each, batch) for each in batches(examples, groups)]
    label, rated = truth(examples, range(60))
    expected = numpy_ccc(numpy_affect(np.arange(60.0))[rated], label[rated])
    loop = evaluate(predict, AFFECT, stream, 4)
    table = summarize(rows_of(predict, stream, examples), CONDITIONS)["scores"]
    assert loop.keys() == table.keys()
    for scores in (loop, table):
        np.testing.assert_allclose([scores["ccc/valence"], scores["ccc/arousal"]], expected, atol=1e-6)
    assert loop == pytest.approx(table, abs=1e-6)


def test_frames_of_overlapping_windows_are_averaged_and_counted_once(examples):
    windows = [[[0, 1, 2, 3], [2, 3, 4, 5]], [[4, 5, 6, 7], [6, 7, 8, 9]]]

    def late(batch):
        """Says 0.2 in the first frames of a window and 0.6 in the last ones."""
        place = jnp.broadcast_to(jnp.asarray([0.2, 0.2, 0.6, 0.6]), batch.index.shape)
        logits = jnp.log(jnp.stack([place, 1 - place, 0 * place], -1))
        return Predictions(valence_arousal=jnp.stack([place, place], -1), emotion=logits)

    rows = rows_of(late, batches(examples, windows), examples)
    assert rows.source == tuple(each.name for each in examples[:10])
    expected = [0.2, 0.2] + [0.4] * 6 + [0.6, 0.6]
    np.testing.assert_allclose(rows.values["valence_arousal"][:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(rows.values["emotion"][:, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(rows.labeled("valence_arousal"), [index % 4 > 0 for index in range(10)])


def mirror_images(batch):
    return dataclasses.replace(batch, inputs=Inputs(images=np.flip(batch.inputs.images, -2)))


def test_flip_averaging_is_in_float64_and_leaves_other_quantities_as_they_are(examples):
    (batch,) = batches(examples, [range(6)])
    averaged_predict = with_flip_averaging(predict, ["valence_arousal"])
    plain, averaged, mirrored = predict(batch), averaged_predict(batch), predict(mirror_images(batch))
    assert averaged["valence_arousal"].dtype == np.float64
    expected = (np.float64(plain["valence_arousal"]) + np.float64(mirrored["valence_arousal"])) / 2
    np.testing.assert_array_equal(averaged["valence_arousal"], expected)
    np.testing.assert_array_equal(averaged["emotion"], plain["emotion"])
    assert not np.allclose(expected, plain["valence_arousal"])
    assert 0 < evaluate(averaged_predict, AFFECT, [batch], 4)["rmse/valence"] < 2


def softmax(logits):
    exponentials = np.exp(np.float64(logits))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_flip_averaging_of_emotions_reports_the_mean_of_both_probabilities(examples):
    (batch,) = batches(examples, [range(6)])
    averaged_predict = with_flip_averaging(predict, AFFECT)
    plain, mirrored = predict(batch)["emotion"], predict(mirror_images(batch))["emotion"]
    expected = (softmax(plain) + softmax(mirrored)) / 2
    assert np.abs(expected - softmax(plain)).max() > 0.01
    rows = rows_of(averaged_predict, [batch], examples)
    np.testing.assert_allclose(rows.values["emotion"], expected, atol=1e-7)


def test_probabilities_of_zero_average_to_half_without_a_value_that_is_not_finite():
    sure, opposite = np.float64([[2000.0, 0, 0]]), np.float64([[0.0, 2000, 0]])
    output = quantity("emotion").average_mirrored(sure, opposite)
    assert np.isfinite(output).all()
    np.testing.assert_allclose(quantity("emotion").report(output, 4), [[0.5, 0.5, 0]], atol=1e-12)


def test_summary_names_its_conditions_and_averages_over_clips_and_subjects(examples, tmp_path):
    rows = rows_of(predict, batches(examples, [range(30), range(30, 60)]), examples)
    summary = write_summary(rows, CONDITIONS, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads(json.dumps(summary))
    assert summary["conditions"]["flip_averaging"] == ()
    assert summary["n"] == {"rows": 60, "valence_arousal": 45, "emotion": 48, "clips": 6, "subjects": 3}
    for kind, size in (("clip", 10), ("subject", 20)):
        groups = np.split(np.arange(60), 60 // size)
        each = []
        for index in groups:
            label, rated = truth(examples, index)
            each.append(numpy_ccc(numpy_affect(np.float64(index))[rated], label[rated]))
        mean = summary[f"per_{kind}_mean"]
        np.testing.assert_allclose([mean["ccc/valence"], mean["ccc/arousal"]], np.mean(each, 0), atol=1e-6)
        with (tmp_path / f"per_{kind}.csv").open() as file:
            lines = list(csv.DictReader(file))
        np.testing.assert_allclose([float(line["ccc/valence"]) for line in lines], np.array(each)[:, 0], atol=1e-6)
    low, high = summary["interval_95"]["ccc/valence"]
    assert low < summary["scores"]["ccc/valence"] < high
    assert np.sum(summary["confusion"]["label_by_prediction"]) == 48


def test_a_clip_whose_label_never_moves_is_left_out_of_the_mean_of_its_correlations(examples, tmp_path):
    rows = rows_of(predict, batches(examples, [range(30), range(30, 60)]), examples)
    before = summarize(rows, CONDITIONS)
    rows.labels["valence_arousal"].value[10:20, 0] = 0.1  # valence of the second clip
    summary = write_summary(rows, CONDITIONS, tmp_path)
    each = []
    for index in np.delete(np.split(np.arange(60), 6), 1, axis=0):
        label, rated = truth(examples, index)
        each.append(numpy_ccc(numpy_affect(np.float64(index))[rated], label[rated]))
    mean, counted = summary["per_clip_mean"], summary["per_clip_counted"]
    np.testing.assert_allclose(mean["ccc/valence"], np.mean(each, 0)[0], atol=1e-6)
    np.testing.assert_allclose(mean["ccc/mean"], np.mean(each), atol=1e-6)  # of the clips that have both
    assert mean["ccc/arousal"] == before["per_clip_mean"]["ccc/arousal"]
    names = ("ccc/valence", "pcc/valence", "icc/mean", "ccc/arousal", "rmse/valence", "accuracy")
    assert [counted[name] for name in names] == [5, 5, 5, 6, 6, 6]
    assert summary["per_subject_counted"]["ccc/valence"] == 3
    with (tmp_path / "per_clip.csv").open() as file:
        assert [line["pcc/valence"] == "" for line in csv.DictReader(file)] == [False, True] + [False] * 4


def test_table_comes_back_as_it_was_written(examples, tmp_path):
    rows = rows_of(predict, batches(examples, [range(25)]), examples)
    path = tmp_path / "predictions.csv"
    write_rows(rows, path, "clip@120", CONDITIONS.crop)
    again = read_rows(path)
    assert not list(tmp_path.glob("*.part"))
    for field in dataclasses.fields(rows):
        if field.name not in ("values", "labels"):
            np.testing.assert_array_equal(getattr(again, field.name), getattr(rows, field.name), err_msg=field.name)
    for name in AFFECT:
        np.testing.assert_array_equal(again.values[name], rows.values[name])
        np.testing.assert_array_equal(again.labels[name].weight, rows.labels[name].weight)
        known = rows.labeled(name)
        np.testing.assert_array_equal(again.labels[name].value[known], rows.labels[name].value[known])
    header, unlabeled = path.read_text().splitlines()[:2]
    assert header == (
        "source,subject,clip,frame,face,time_seconds,success,valence,arousal,label_valence,label_arousal,"
        "expression,p_neutral,p_happy,p_sad,label_expression"
    )
    assert unlabeled.startswith('"faces/0, ""a"".jpg",subject_0,clip_0,0,0,0.0,1,')
    cells = next(csv.reader([unlabeled]))
    assert cells[9:11] == ["", ""] and cells[15] == ""
    schema = read_schema(path)
    assert (schema.model, schema.crop, schema.quantities) == ("clip@120", CONDITIONS.crop, AFFECT)


def test_heads_that_a_network_lacks_leave_their_cells_and_scores_out(examples, tmp_path):
    only_affect = lambda batch: predict(batch).replace(emotion=None)
    rows = rows_of(only_affect, batches(examples, [range(12)]), examples)
    assert "accuracy" not in summarize(rows, CONDITIONS)["scores"]
    only_emotion = lambda batch: predict(batch).replace(valence_arousal=None)
    rows = rows_of(only_emotion, batches(examples, [range(30)]), examples)
    summary = write_summary(rows, CONDITIONS, tmp_path)
    assert set(summary["interval_95"]) == set(summary["scores"]) == {"accuracy", "balanced_accuracy", "macro_f1"}
    write_rows(rows, tmp_path / "predictions.csv", "clip@120", CONDITIONS.crop)
    assert set(read_rows(tmp_path / "predictions.csv").values) == {"emotion"}


def test_wrong_input_is_refused_by_name(examples, tmp_path):
    with pytest.raises(ValueError, match="nothing to evaluate: the data contains no batches"):
        evaluate(predict, AFFECT, [], 4)
    with pytest.raises(ValueError, match="nothing to evaluate: the data contains no faces"):
        rows_of(predict, [], examples)
    with pytest.raises(
        ValueError, match=r"reports emotion of shape \(3,\), but with label_set 'emonet_5' it is \(5,\)"
    ):
        collect(predict, batches(examples, [range(3)]), examples, AFFECT, "emonet_5", 4)
    bad = lambda batch: jnp.where(batch.index[:, None] == 1, jnp.nan, predict(batch)["valence_arousal"])
    broken = lambda batch: Predictions(valence_arousal=bad(batch))
    with pytest.raises(ValueError, match=r"prediction for 'faces/1, \"a\".jpg' is not finite \(1 such rows\)"):
        rows_of(broken, batches(examples, [range(3)]), examples)
    path = tmp_path / "predictions.csv"
    write_rows(rows_of(predict, batches(examples, [range(3)]), examples), path, "clip@120", CONDITIONS.crop)
    whole = path.read_text()
    path.write_text("name,valence\na,0.1\n")
    with pytest.raises(ValueError, match=r"predictions.csv, row 1: expected the columns source, subject"):
        read_rows(path)
    rows = list(csv.reader(io.StringIO(whole)))
    for column, wrong in (("frame", "1.5"), ("label_arousal", "oops"), ("label_expression", "joy")):
        cells = [*rows[2]]
        cells[rows[0].index(column)] = wrong
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([*rows[:2], cells, *rows[3:]])
        with pytest.raises(ValueError, match=rf"row 3: .*{column} is '{wrong}'; the file was changed by hand"):
            read_rows(path)
    path.write_text(whole[: whole.rindex(",")])
    with pytest.raises(ValueError, match=r"predictions.csv, row 4: 15 cells, expected 16; the file may be cut off"):
        read_rows(path)
