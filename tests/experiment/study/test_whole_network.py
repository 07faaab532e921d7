"""Fine-tuning of a whole network in miniature."""

import dataclasses

import jax
import numpy as np
import pytest

from affect_jax.experiment import features, restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study.adaptation_pair import read_pair
from affect_jax.experiment.study.whole_network import Tuning, WholeNetwork, adaptive_learning
from affect_jax.experiment.study.whole_network_flags import read_protocols, read_tuning
from affect_jax.experiment.study.whole_network_scores import as_neutral, people_faces, score_whole_network
from affect_jax.nn.network import names
from affect_jax.personal.protocol import NEUTRAL_ONLY, Protocol
from affect_jax.types import Label

CLIPS = ["kind=clips", "subjects=2", "per_subject=1", "frames=30", "fps=2.0", "size_px=48"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folders(static_run, tmp_path_factory):
    """Stored features of two source people and of two target people."""
    root = tmp_path_factory.mktemp("whole")
    for split in ("validation", "test"):
        features.store_data_set(static_run, "rendered", "", split, CLIPS, root / split)
    return root / "validation", root / "test"


@pytest.fixture(scope="module")
def whole(static_run) -> WholeNetwork:
    return WholeNetwork(static_run, Tuning(stops=(20,)))


@pytest.fixture(scope="module")
def faces(whole, folders, tmp_path_factory):
    """The faces of the first target person."""
    people = read_pair(*folders, 1.0, 0).people
    data = ("rendered", "", "test", CLIPS)
    return dict(people_faces(whole, data, people, tmp_path_factory.mktemp("faces")))[people[0].name]


def last(stops):
    """The variables after the last of the stops."""
    *_, (_, variables) = stops
    return variables


def with_labels(faces, value, emotion_weight=1.0):
    emotion = faces.labels["emotion"]
    affect = Label(np.full_like(faces.labels["valence_arousal"].value, value), np.ones(len(faces.weight), np.float32))
    changed = Label(np.roll(emotion.value, 1, axis=-1), emotion_weight * np.ones(len(faces.weight), np.float32))
    labels = faces.labels.replace(valence_arousal=affect, emotion=changed if emotion_weight else emotion)
    return dataclasses.replace(faces, labels=labels)


def test_all_parameters_learn_what_the_labels_say_and_the_network_itself_stays(whole, faces):
    before = jax.device_get(names(whole.variables))
    output = whole.predict_faces(whole.variables, faces)
    target = float(output.mean()) + 0.5
    learned = last(whole.fine_tune(with_labels(faces, target), seed=0))
    error = lambda values: np.mean((values - target) ** 2)
    assert error(whole.predict_faces(learned, faces)) < 0.5 * error(output)
    after, unchanged = names(learned), names(whole.variables)
    for name, array in before.items():
        np.testing.assert_array_equal(unchanged[name], array)
    moved = {name.split("/")[0] for name, array in before.items() if np.any(np.asarray(after[name]) != array)}
    assert {"trunk", "head"} <= moved


def test_other_labels_than_valence_and_arousal_change_nothing(whole, faces):
    one = whole.predict_faces(last(whole.fine_tune(with_labels(faces, 0.5), seed=0)), faces)
    other = whole.predict_faces(last(whole.fine_tune(with_labels(faces, 0.5, emotion_weight=0.0), seed=0)), faces)
    np.testing.assert_array_equal(one, other)


def test_a_row_for_each_person_and_protocol(static_run, folders, tmp_path):
    data = ("rendered", "", "test", CLIPS)
    rows = score_whole_network(static_run, *folders, data, [Protocol("block", 0.1)], tmp_path / "whole.csv", 1.0)
    assert [row["subject"] for row in rows] == ["test/subject_000", "test/subject_001"]
    assert {row["labeled"] for row in rows} == {3}
    assert (tmp_path / "whole.csv").read_text().count("\n") == 3


def test_images_of_others_than_the_features_are_refused(whole, folders, tmp_path):
    people = read_pair(*folders, 1.0, 0).people
    with pytest.raises(ValueError, match="the data set's 30 faces of 'test/subject_000' are not those of the stored"):
        dict(people_faces(whole, ("rendered", "", "test", [*CLIPS, "seed=5"]), people, tmp_path))


def test_a_network_of_clips_is_refused(static_run, whole, monkeypatch):
    clips = dataclasses.replace(whole.run, data=dataclasses.replace(whole.run.data, frames=4))
    monkeypatch.setattr(restore, "restore_run", lambda workdir: (clips, None, None, 0))
    with pytest.raises(UsageError, match="holds no network of still images; give the workdir of a static network"):
        WholeNetwork(static_run)


@pytest.fixture(scope="module")
def adaptive(static_run) -> WholeNetwork:
    """The output layer alone, at a rate that shows within ten iterations."""
    return WholeNetwork(static_run, adaptive_learning((0, 1, 10), 0.05, "head/output/.*"))


def test_adaptive_learning_moves_only_the_named_layers_toward_neutral(adaptive, faces):
    given = as_neutral(faces, adaptive.quantities)
    before, outputs = jax.device_get(names(adaptive.variables)), {}
    for stop, variables in adaptive.fine_tune(given, seed=0):
        outputs[stop] = adaptive.predict_faces(variables, faces)
        after = jax.device_get(names(variables))
    moved = {name for name, array in before.items() if np.any(after[name] != array)}
    assert moved == {"head/output/kernel", "head/output/bias"}
    np.testing.assert_array_equal(outputs[0], adaptive.predict_faces(adaptive.variables, faces))
    size = {stop: np.abs(values).mean() for stop, values in outputs.items()}
    assert list(outputs) == [0, 1, 10] and size[10] < size[1] < size[0]


def test_adaptive_learning_uses_no_label(adaptive, faces):
    given = [as_neutral(with_labels(faces, value), adaptive.quantities) for value in (0.5, -0.9)]
    one, other = (adaptive.predict_faces(last(adaptive.fine_tune(each, seed=0)), faces) for each in given)
    np.testing.assert_array_equal(one, other)


def test_a_row_for_each_person_and_number_of_iterations(static_run, folders, tmp_path):
    data = ("rendered", "", "test", CLIPS)
    tuning = adaptive_learning((0, 2), 0.01, ".*")
    rows = score_whole_network(static_run, *folders, data, [NEUTRAL_ONLY], tmp_path / "whole.csv", 1.0, 0, tuning)
    assert [(row["subject"][-1], row["iterations"]) for row in rows] == [("0", 0), ("0", 2), ("1", 0), ("1", 2)]
    assert {(row["labeled"], row["protocol"], row["neutral"]) for row in rows} == {(0, "none", "1")}
    with pytest.raises(ValueError, match="--neutral_seconds=0: there is no neutral segment"):
        score_whole_network(static_run, *folders, data, [NEUTRAL_ONLY], tmp_path / "whole.csv", 0.0, 0, tuning)


def test_layers_that_are_not_there_are_refused(static_run):
    with pytest.raises(UsageError, match="--trained=logits/.* matches no parameter of .*; paths look like head/"):
        WholeNetwork(static_run, Tuning(layers="logits/.*"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((["3", "1"], 1e-4, ".*"), r"numbers of steps \(3, 1\): expected different ones in ascending order, 0 or more"),
        ((["some"], 1e-4, ".*"), "--iterations, --learning_rate, --trained: invalid literal"),
        ((["1"], 0.0, ".*"), "learning_rate is 0.0; it must be above 0"),
        (([], 1e-4, "("), r"layers '\(': missing \)"),
    ],
)
def test_flags_that_cannot_be_understood_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        read_tuning(*given)
    assert read_protocols(["block"], ["0.05"], ["1"]) == [NEUTRAL_ONLY]
