import csv
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.import_lists import import_pickled_list

POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(20, 44, 68) ** 1.01], axis=1).round(3)


def entry(**given):
    made = {"expression": 1, "valence": 0.5, "arousal": -0.25, "landmarks_fan": POINTS.tolist()}
    return {**made, "expression_correct": True, **given}


ENTRIES = {
    "folder": "/data/AffectNet/test",
    "1/a.png": entry(),
    "1/b.png": entry(expression=np.int64(6), valence="-0.653310", landmarks_fan=POINTS.astype(np.float32)),
    "2/c.png": entry(expression_correct=np.bool_(False), valence=np.array([0.125]), landmarks=[1, 2], extra=(1, "x")),
    "2/d.png": entry(valence=-0.5),  # "happy", but unpleasant
    "2/e.png": entry(landmarks_fan=None, expression_correct=None),
}


def write(path, entries=ENTRIES):
    path.write_bytes(pickle.dumps(entries))
    return path


@pytest.fixture
def root(tmp_path):
    for name in list(ENTRIES)[1:]:
        path = tmp_path / "test" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.arange(64 * 48 * 3).reshape(48, 64, 3) % 251).astype(np.uint8)).save(path)
    return tmp_path


def test_a_pickled_list_is_read_like_any_other_after_import(root):
    assert import_pickled_list(write(root / "test_fullpath.pkl"), root / "test.csv", 0.0) == 5
    source = affectnet(AffectNetConfig(str(root), split="test"))
    assert [example.name for example in source.examples] == list(ENTRIES)[1:]
    labels = source.examples.labels
    np.testing.assert_array_equal(labels["emotion"].value.argmax(1), [1, 6, 1, 1, 1])
    expected = [[0.5, -0.25], [-0.65331, -0.25], [0.125, -0.25], [-0.5, -0.25], [0.5, -0.25]]
    np.testing.assert_array_equal(labels["valence_arousal"].value, np.float32(expected))
    np.testing.assert_array_equal(labels["landmarks"].weight, [1, 1, 1, 1, 0])
    np.testing.assert_allclose(labels["landmarks"].value[:4], np.broadcast_to(POINTS, (4, 68, 2)), rtol=1e-6)
    assert not (root / "test_skipped.csv").exists()


def test_manually_confirmed_labels_can_be_selected(root):
    import_pickled_list(write(root / "test_fullpath.pkl"), root / "test.csv", 0.0)
    config = AffectNetConfig(str(root), split="test", clean="automatic+correct")
    assert [example.name for example in affectnet(config).examples] == ["1/a.png"]
    # b: anger with arousal below 0; c: rejected manually; d: inconsistent; e: not checked


@pytest.mark.parametrize(
    "bad, reason",
    [
        (entry(expression=11), "expression out of 0..10"),
        (entry(valence=None), "valence is not a number"),
        (entry(arousal=float("nan")), "arousal is not a number"),
        (entry(arousal=[0.1, 0.2]), "arousal is not a number"),
        (entry(landmarks_fan=POINTS[:67]), "wrong number of landmarks"),
        (entry(landmarks_fan="here"), "landmarks_fan are not numbers"),
        ({"expression": 1, "valence": 0.5}, "entry has no arousal"),
        (["expression", 1], "entry is not an image"),
    ],
)
def test_an_unusable_entry_is_listed_and_too_many_write_nothing(tmp_path, bad, reason):
    path = write(tmp_path / "list.pkl", {"a.png": entry(), "b.png": bad, "folder": ""})
    with pytest.raises(ValueError, match=f"list.pkl: 1 of 2 rows .* are unusable: 1 x {reason}"):
        import_pickled_list(path, tmp_path / "out" / "test.csv", 0.01)
    assert not (tmp_path / "out" / "test.csv").exists()
    with open(tmp_path / "out" / "test_skipped.csv", newline="") as file:
        assert [tuple(line.values()) for line in csv.DictReader(file)] == [("b.png", "2", reason)]
    assert import_pickled_list(path, tmp_path / "out" / "test.csv", 0.5) == 1


class Attack:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_malicious_pickle_is_rejected_and_nothing_runs(tmp_path):
    path = write(tmp_path / "list.pkl", {"a.png": entry(valence=Attack(tmp_path / "owned"))})
    with pytest.raises(UsageError, match=r"list.pkl.*mkdir"):
        import_pickled_list(path, tmp_path / "test.csv", 1.0)
    assert [found.name for found in tmp_path.iterdir()] == ["list.pkl"]


def test_wrong_files_are_named(tmp_path):
    path = write(tmp_path / "list.pkl", [1, 2])
    with pytest.raises(UsageError, match="list.pkl contains list, expected a dict of image names; is it one of EmoNet"):
        import_pickled_list(path, tmp_path / "test.csv", 0.0)
    write(path, {"folder": "x"})
    with pytest.raises(UsageError, match="names no image"):
        import_pickled_list(path, tmp_path / "test.csv", 0.0)
    path.write_bytes(b"not a pickle")
    with pytest.raises(UsageError, match="list.pkl"):
        import_pickled_list(path, tmp_path / "test.csv", 0.0)
    with pytest.raises(UsageError, match="none.pkl is not a file"):
        import_pickled_list(tmp_path / "none.pkl", tmp_path / "test.csv", 0.0)
    with pytest.raises(UsageError, match="test: expected the name of a CSV list, such as .*test.csv"):
        import_pickled_list(path, tmp_path / "test", 0.0)
    (tmp_path / "test.csv").write_text("mine")
    with pytest.raises(UsageError, match="test.csv exists"):
        import_pickled_list(path, tmp_path / "test.csv", 0.0)
    assert (tmp_path / "test.csv").read_text() == "mine"
