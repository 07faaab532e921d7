"""Labels joined to predictions: by frame, by time and by name."""

import logging

import numpy as np
import polars
import pytest

from affect_jax.experiment.labels import join_labels
from affect_jax.tables.label_table import read_labels


def predictions(frames, fps=25.0, face=0, source="a.mp4"):
    frames = np.asarray(frames)
    count = len(frames)
    columns = {"source": [source] * count, "clip": [source] * count, "frame": frames, "face": [face] * count}
    return polars.DataFrame({**columns, "time_seconds": np.round(frames / fps, 6)})


def join(table, **columns):
    return join_labels(table, read_labels(polars.DataFrame(columns)))


@pytest.mark.parametrize("fps", [12.5, 25.0, 30000 / 1001])
def test_labels_by_time_belong_to_the_nearest_frame(fps, caplog):
    rng = np.random.default_rng(0)
    table = predictions(range(3, 40), fps)
    # At other times than frames have them, in another order.
    times = rng.permutation(np.arange(3, 40) / fps + rng.uniform(-0.4, 0.4, 37) / fps)
    found = join(table, time_seconds=times, valence=times / 10)
    nearest = np.abs(times[:, None] - table["time_seconds"].to_numpy()).argmin(0)
    np.testing.assert_array_equal(found["label_valence"].to_numpy(), times[nearest] / 10)
    assert found.height == 37 and found["frame"].to_list() == list(range(3, 40)) and not caplog.text


def test_of_several_labels_of_a_frame_the_nearest_counts_and_far_ones_do_not(caplog):
    times = [0.0, 0.05, 0.071, 0.085, 0.5]
    with caplog.at_level(logging.WARNING):
        found = join(predictions([0, 1, 2, 3]), time_seconds=times, valence=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert found["label_valence"].to_list() == [0.1, 0.2, 0.4, None]  # 0.085 is nearer to 0.08
    assert caplog.messages == ["2 of 5 labels belong to no row of the predictions"]


def test_frames_count_before_times():
    found = join(predictions([0, 1]), frame=[1, 0], time_seconds=[0.0, 0.04], valence=[0.1, 0.2])
    assert found["label_valence"].to_list() == [0.2, 0.1]


def test_times_are_those_of_the_source_and_the_face():
    both = polars.concat([predictions([0, 1], source="a.mp4"), predictions([0, 1], source="b.mp4", face=1)])
    labels = dict(time_seconds=[0.0, 0.04, 0.0], valence=[0.1, 0.2, 0.3])
    assert join(both, source=["b.mp4", "b.mp4", "a.mp4"], **labels)["label_valence"].to_list() == [0.3, None, 0.1, 0.2]
    assert join(both, face=[1, 1, 0], **labels)["label_valence"].to_list() == [0.3, None, 0.1, 0.2]


WRONG = {
    "nothing to join on": (
        dict(valence=[0.1], face=[0]),
        "the labels need a column frame, time_seconds or source to be joined on; they have valence, face$",
    ),
    "nothing to join": (
        dict(frame=[0], sadness=[1]),
        "no column valence, arousal or expression, and no intensity such as .*; they have frame, sadness$",
    ),
    "other times": (
        dict(time_seconds=[40.0], face=[0], valence=[0.1]),
        "no label belongs to a prediction: the first label is of face 0, time_seconds 40.0, the first row of fac",
    ),
    "a frame twice": (
        dict(frame=[1, 1], valence=[0.1, 0.2]),
        "^frame 1 has several rows in the labels; remove all but one, or give the labels a column face$",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_labels_that_do_not_fit_are_refused(case):
    columns, message = WRONG[case]
    faces = polars.concat([predictions([0, 1]), predictions([0], face=1)])
    with pytest.raises(ValueError, match=message):
        join(faces, **columns)


def test_the_advice_is_the_column_that_is_enough():
    labels = dict(frame=[0, 1], valence=[0.1, 0.2])
    faces = polars.concat([predictions([0, 1]), predictions([0, 1], face=1)])
    with pytest.raises(ValueError, match="frame 0 has several rows in the predictions; give the labels a column face$"):
        join(faces, **labels)
    videos = polars.concat([predictions([0, 1]), predictions([0, 1], source="b.mp4")])
    with pytest.raises(ValueError, match="several rows in the predictions; give the labels a column source$"):
        join(videos, **labels)
    with pytest.raises(ValueError, match="rows in the predictions; give the labels the columns face and source$"):
        join(polars.concat([faces, predictions([0], source="b.mp4")]), **labels)
