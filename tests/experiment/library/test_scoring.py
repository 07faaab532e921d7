"""Scores of tables: those of the evaluation, of a data frame, and of predictions with labels from elsewhere."""

import json
import logging as standard_logging

import numpy as np
import polars
import pytest

from affect_jax import predict_video, score
from affect_jax.tables.frames import read_frame


def test_scores_are_those_of_the_summary_from_the_file_and_from_a_data_frame(evaluation):
    expected = json.loads((evaluation / "summary.json").read_text())["scores"]
    assert {"ccc/valence", "rmse/arousal", "accuracy", "macro_f1"} <= set(expected)
    assert score(evaluation / "predictions.csv") == expected
    table = read_frame(evaluation / "predictions.csv")
    assert score(table) == expected
    assert score(table.sample(fraction=1.0, shuffle=True, seed=1)) == pytest.approx(expected, abs=1e-12)


def test_labels_of_another_table_are_joined_whatever_their_order(evaluation):
    table = read_frame(evaluation / "predictions.csv")
    labels = table.select("source", valence="label_valence", arousal="label_arousal", expression="label_expression")
    alone = table.drop("label_valence", "label_arousal", "label_expression")
    assert score(alone, labels.reverse()) == score(table)
    labels.write_csv(evaluation / "labels.csv")
    assert score(alone, evaluation / "labels.csv") == score(table)
    words = labels.with_columns(polars.col("expression").replace({"happy": "Happiness", "anger": "Angry"}))
    assert score(alone, words) == score(table)


def test_a_video_is_scored_against_labels_of_its_frames(model, film, caplog):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    truth = np.arange(40, 240, 20) / 255
    columns = {"valence": [*truth[2:], 0.0, 0.0], "arousal": [*-truth[2:], 0.0, 0.0]}
    labels = polars.DataFrame({"frame": range(2, 12), **columns})
    with caplog.at_level(standard_logging.WARNING, logger="absl"):
        found = score(table, labels)
    assert caplog.messages == ["2 of 10 labels belong to no row of the predictions"]
    error = table["valence"].to_numpy()[2:] - truth[2:]
    assert found["rmse/valence"] == pytest.approx(np.sqrt((error**2).mean()), abs=1e-9)
    assert "accuracy" not in found


def test_a_label_where_no_face_was_found_does_not_count(model, film, caplog):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    lost = polars.col("frame") == 4
    values = ("valence", "arousal")
    gap = table.with_columns(polars.when(lost).then(None).otherwise(name).alias(name) for name in values)
    slope = np.linspace(-1, 1, 10)
    labels = polars.DataFrame({"frame": range(10), "valence": slope, "arousal": -slope})
    with caplog.at_level(standard_logging.WARNING, logger="absl"):
        found = score(gap, labels)
    assert caplog.messages == ["1 labels of valence_arousal have no prediction, because no face was found there"]
    assert found == score(table.filter(~lost), labels.filter(~lost))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"valence": [0.1]}, "the labels need a column frame, time_seconds or source to be joined on; they have val"),
        (
            {"frame": [0], "x": [1]},
            "no column valence, arousal or expression, and no intensity such as .*; they have frame, x",
        ),
        (
            {"frame": [70], "valence": [0.1], "arousal": [0.1]},
            "no label belongs to a prediction: the first label is of frame 70, the first row of",
        ),
        ({"frame": [0, 0], "valence": [0.1] * 2, "arousal": [0.1] * 2}, "frame 0 has several rows in the labels"),
        ({"frame": [0], "expression": ["joyous"]}, "label_expression: 'joyous' is no label of emotion"),
    ],
)
def test_labels_that_do_not_fit_are_refused(model, film, labels, message):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    with pytest.raises(ValueError, match=message):
        score(table, polars.DataFrame(labels))


def test_without_labels_there_is_no_score(model, film, tmp_path):
    table = predict_video(model, film, faces="whole_frame", progress=False)
    with pytest.raises(ValueError, match=r"no quantity with predictions and labels.*Give the labels as a second table"):
        score(table)
    with pytest.raises(ValueError, match="expected a path or a polars.DataFrame, as polars.from_pandas"):
        score([1, 2], table)
    with pytest.raises(FileNotFoundError, match="no table at none.csv"):
        score("none.csv", table)
