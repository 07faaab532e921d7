"""Learning and forgetting a person at the level of the commands, with a trained network in miniature."""

import hashlib
import logging
import pathlib

import jax
import numpy as np
import polars
import pytest
from adapted import feature_rows

from affect_jax.experiment import restore
from affect_jax.experiment.adapt import adapt_from_video, adapt_run
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.forget import forget
from affect_jax.experiment.lesson import Lesson, read_lesson
from affect_jax.experiment.persons import choose
from affect_jax.experiment.predict import Finding, predict_run
from affect_jax.nn.network import names
from affect_jax.personal.adapter_file import read_adapter
from affect_jax.personal.digest import network_digest
from affect_jax.personal.stored import write_features

FINDING = Finding("whole_frame")
LABELED = 40  # frames of anna


@pytest.fixture(scope="module")
def digest(static_run):
    return network_digest(jax.device_get(names(restore.restore_run(static_run)[2])))


@pytest.fixture(scope="module")
def width(static_run):
    return restore.restore_run(static_run)[0].contract.features


@pytest.fixture
def store(digest, width, tmp_path):
    """Writes stored features; keywords replace fields."""

    def write(name="features", **fields) -> pathlib.Path:
        write_features(feature_rows(digest, width, **fields), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def labels(tmp_path):
    """Writes a table of labels for the frames of a video."""

    def write(frames=LABELED, **columns) -> pathlib.Path:
        time = np.arange(frames) / 25
        table = {"frame": np.arange(frames), "valence": 0.5 * np.sin(time * 9), "arousal": 0.4 * np.cos(time * 7)}
        polars.DataFrame({**table, **columns}).write_csv(tmp_path / "labels.csv")
        return tmp_path / "labels.csv"

    return write


def contents(folder: pathlib.Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def adapt(static_run, folder, features, name="anna", **fields):
    adapt_run(static_run, folder / f"{name}.safetensors", features, Lesson(name, **{"method": "bias_scale", **fields}))
    return folder / f"{name}.safetensors"


def predict(static_run, film, output, persons=None, assign=()):
    chosen = choose(persons and str(persons), assign)
    assert predict_run(static_run, film, output, finding=FINDING, persons=chosen)
    return output / f"{film.stem}.csv"


def values(table):
    return polars.read_csv(table).select("valence", "arousal").to_numpy()


def test_labels_of_a_table_are_learned_from_and_the_file_is_private(
    static_run, store, labels, digest, tmp_path, caplog
):
    with caplog.at_level(logging.INFO):
        path = adapt(static_run, tmp_path / "P", store(), labels=labels())
    assert any(f"anna: learned from {LABELED} labeled and 0 neutral frames in" in each for each in caplog.messages)
    assert path.stat().st_mode & 0o777 == 0o600
    adapter, card = read_adapter(path, digest)
    assert (card.person, card.method, card.frames, card.has_neutral) == ("anna", "bias_scale", LABELED, False)
    # The closed form of bias and scale in float64.
    time = np.arange(LABELED) / 25
    label = np.stack([0.5 * np.sin(time * 9), 0.4 * np.cos(time * 7)], -1)
    output = feature_rows(digest, 4).output[:LABELED].astype(np.float64)
    slope = ((output - output.mean(0)) * (label - label.mean(0))).mean(0) / output.var(0)
    np.testing.assert_allclose(1 + np.asarray(adapter.scale), slope, atol=1e-4)
    np.testing.assert_allclose(adapter.bias, label.mean(0) - slope * output.mean(0), atol=1e-4)


def test_the_labels_of_the_features_count_without_a_table(static_run, store, digest, tmp_path):
    rng = np.random.default_rng(0)
    subjects = ("test/anna",) * 30 + ("test/ben",) * 30
    stored = {"labels": rng.uniform(-0.9, 0.9, (60, 2)).astype(np.float32), "weight": np.ones(60, np.float32)}
    features = store(subject=subjects, clip=("a",) * 30 + ("b",) * 30, **stored)
    assert read_adapter(adapt(static_run, tmp_path, features), digest)[1].frames == 30
    with pytest.raises(ValueError, match=r"holds the subjects test/anna, test/ben; none of them is 'carl'$"):
        adapt(static_run, tmp_path, features, name="carl")


def test_a_person_of_whom_nothing_is_given_gets_the_values_of_the_network(
    static_run, store, write_film, tmp_path, caplog
):
    film = write_film(tmp_path / "anna.mp4", range(60, 80))
    before = predict(static_run, film, tmp_path / "plain")
    adapt(static_run, tmp_path / "P", store())
    assert "the adapter changes nothing" in caplog.text
    after = predict(static_run, film, tmp_path / "adapted", tmp_path / "P")
    assert polars.read_csv(after)["subject"].to_list() == ["anna"] * 20
    known, unknown = (path.read_text().replace("anna.mp4,anna,", "anna.mp4,,") for path in (after, before))
    assert known == unknown  # bit for bit


def test_a_forgotten_person_was_never_there(static_run, store, labels, write_film, tmp_path):
    film = write_film(tmp_path / "film.mp4", range(60, 80))
    persons, features, table = tmp_path / "P", store(), labels()
    adapt(static_run, persons, features, "ben", labels=table)
    with_ben = predict(static_run, film, tmp_path / "ben", persons, ["ben"]).read_bytes()
    without = predict(static_run, film, tmp_path / "nobody").read_bytes()
    network, people = contents(static_run), contents(persons)
    adapt(static_run, persons, features, "anna", labels=table)
    (persons / "anna.baseline.json").write_text("{}")
    (persons / "anna.safetensors.12345.part").write_text("left by a kill")
    with_anna = predict(static_run, film, tmp_path / "anna", persons, ["anna"]).read_bytes()
    assert contents(persons) != people and with_anna not in (with_ben, without)
    assert len(forget(persons, "anna")) == 3
    assert contents(persons) == people and contents(static_run) == network
    assert predict(static_run, film, tmp_path / "ben again", persons, ["ben"]).read_bytes() == with_ben
    assert predict(static_run, film, tmp_path / "nobody again").read_bytes() == without
    (persons / "ben.baseline.json").mkdir()
    with pytest.raises(UsageError, match=r"ben.baseline.json is a folder, which affect_jax did not write: nothing"):
        forget(persons, "ben")
    (persons / "ben.baseline.json").rmdir()
    assert contents(persons) == people
    with pytest.raises(UsageError, match=r"P holds nothing of anna; it has adapters of ben$"):
        forget(persons, "anna")
    with pytest.raises(UsageError, match="none is no folder; give the one with the adapters"):
        forget(tmp_path / "none", "anna")


def test_a_prediction_with_an_adapter_is_that_of_the_network_and_the_adapter(
    static_run, store, labels, write_film, tmp_path, digest
):
    film = write_film(tmp_path / "anna_2.mp4", range(60, 80))
    path = adapt(static_run, tmp_path / "P", store(), labels=labels())
    plain, adapted = (
        predict(static_run, film, tmp_path / "a"),
        predict(static_run, film, tmp_path / "b", tmp_path / "P"),
    )
    adapter, _ = read_adapter(path, digest)  # of the method bias_scale, which uses no features
    expected = values(plain) * (1 + np.asarray(adapter.scale, np.float64)) + np.asarray(adapter.bias, np.float64)
    assert np.abs(values(plain)).max() < 1
    np.testing.assert_allclose(values(adapted), np.clip(expected, -1, 1), atol=1e-6)


BAD_LABELS = {
    "too few": (dict(frames=3), r"labels.csv: 3 frames of anna labeled, expected at least 5; label more frames$"),
    "one": (dict(frames=1), r"labels.csv: 1 frame of anna labeled"),
    "constant": (
        dict(valence=np.full(LABELED, 0.25)),
        r"valence is 0.25 in all 40 labeled frames of anna; label frames in which the expression changes. A face at "
        "rest needs no labels, only --neutral$",
    ),
    "scale": (dict(arousal=np.linspace(-10, 10, LABELED)), r"labels.csv: a label is 10 in size; expected valence and"),
    "one of two": (dict(arousal=None), "labels.csv has no column arousal; expected valence and arousal"),
    "other frames": (dict(frame=np.arange(LABELED) + 1000), "labels.csv: no label belongs to a prediction"),
    "twice": (dict(frame=np.zeros(LABELED, int)), "labels.csv: frame 0 has several rows in the labels"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_labels_that_nothing_can_be_learned_from_are_refused(static_run, store, labels, tmp_path, case):
    columns, message = BAD_LABELS[case]
    path = labels(**{name: column for name, column in columns.items() if column is not None})
    if case == "one of two":
        polars.read_csv(path).drop("arousal").write_csv(path)
    with pytest.raises(ValueError, match=message):
        adapt(static_run, tmp_path / "P", store(), labels=path)
    assert not (tmp_path / "P").exists()


def test_several_faces_in_one_frame_need_labels_of_one(static_run, store, labels, digest, tmp_path):
    faces = dict(
        frame=np.repeat(np.arange(30), 2), face=np.tile([0, 1], 30), time_seconds=np.repeat(np.arange(30), 2) / 25
    )
    features = store(**faces)
    with pytest.raises(ValueError, match="frames hold several faces, and none is labeled; give labels with a"):
        adapt(static_run, tmp_path / "P", features, neutral=(0.0, 1.0))
    with pytest.raises(ValueError, match="has several rows in the predictions; give the labels a column face"):
        adapt(static_run, tmp_path / "P", features, labels=labels(30))
    path = adapt(static_run, tmp_path / "P", features, labels=labels(30, face=np.ones(30, int)))
    assert read_adapter(path, digest)[1].frames == 30


def test_labels_of_two_faces_or_of_another_one_are_noticed(static_run, store, labels, tmp_path, caplog):
    rng = np.random.default_rng(0)
    anna, ben = rng.normal(1, 0.2, (2, 10)).astype(np.float32)
    mixed = np.where(np.arange(60)[:, None] < 20, anna, ben)
    adapt(static_run, tmp_path, store("1", geometry=np.tile(anna, (60, 1))), labels=labels())
    assert "geometr" not in caplog.text
    adapt(static_run, tmp_path, store("2", geometry=mixed), labels=labels())
    assert "the frames that anna is learned from may be of two people: the geometries of their faces" in caplog.text
    adapt(static_run, tmp_path, store("3", geometry=np.tile(anna, (60, 1))), labels=labels())
    caplog.clear()
    adapt(static_run, tmp_path, store("4", geometry=np.tile(ben, (60, 1))), labels=labels())
    assert "anna was learned from another face before: the geometries differ by" in caplog.text


def test_features_of_another_checkpoint_are_refused(static_run, store, labels, tmp_path):
    with pytest.raises(ValueError, match=r"features holds features of another network \(other@9\) than the one in"):
        adapt(static_run, tmp_path / "P", store(network_sha256="f" * 64, network="other@9"), labels=labels())


def test_a_face_at_rest_is_a_segment_in_which_the_face_is_seen(static_run, store, tmp_path):
    with pytest.raises(ValueError, match=r"no face of anna is seen from 10 to 12 s; the features are of 0 to 2.36 s"):
        adapt(static_run, tmp_path / "P", store(), neutral=(10.0, 12.0))
    for given in (["5"], ["a", "b"], ["3", "1"], ["-1", "2"], ["nan", "2"], ["0", "inf"]):
        with pytest.raises(UsageError, match=f"--neutral={','.join(given)}: expected the first and the last second"):
            read_lesson("anna", None, given, "prior", None, 0.0)
    with pytest.raises(UsageError, match="--sources_neutral has no effect without --sources"):
        read_lesson("anna", None, [], "prior", None, 2.0)
    assert read_lesson("anna", "l.csv", ["0", "2.5"], "prior", None, 0.0) == Lesson(
        "anna", pathlib.Path("l.csv"), (0.0, 2.5)
    )


def test_the_file_is_called_as_the_person(static_run, store, tmp_path):
    with pytest.raises(UsageError, match="ben.safetensors: expected the file anna.safetensors, whose name says whose"):
        adapt_run(static_run, tmp_path / "ben.safetensors", store(), Lesson("anna"))
    for name in ("../anna", "a/b", "", ".anna"):
        with pytest.raises(ValueError, match="is no name of a person; expected one without '/', such as anna"):
            adapt_run(static_run, tmp_path / "x.safetensors", store(), Lesson(name))


def test_a_video_is_learned_without_stored_features(static_run, write_film, labels, digest, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    film = write_film(tmp_path / "anna.mp4", range(60, 120, 2))
    lesson = Lesson("anna", labels(30), method="bias_scale")
    adapt_from_video(static_run, tmp_path / "anna.safetensors", film, FINDING, lesson)
    assert read_adapter(tmp_path / "anna.safetensors", digest)[1].frames == 30
