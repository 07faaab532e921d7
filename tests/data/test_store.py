import pickle
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from records import no_labels

from affect_jax.data import encoding, store, store_writing
from affect_jax.data.readers.folder import FolderConfig
from affect_jax.data.source import Table
from affect_jax.types import UnreadableImage


class Noise:
    """Random images and labels; picklable, so that worker processes can draw from it."""

    label_set = "emonet_5"

    def __init__(self, count, broken=()):
        rng = np.random.default_rng(0)
        labels = no_labels(count, 5)
        labels["valence_arousal"].value[:] = rng.uniform(-1, 1, (count, 2))
        labels["landmarks"].value[:] = rng.uniform(0, 20, (count, 68, 2))
        labels["emotion"].value[:] = rng.dirichlet(np.ones(5), count)
        for weight in (labels["valence_arousal"].weight, labels["emotion"].weight, labels["landmarks"].weight):
            weight[:] = rng.integers(0, 2, count)
        frames = np.arange(count, dtype=np.int64)
        names = [f"söbject/clip/{i}" for i in range(count)]
        self.examples = Table(names, ["söbject"] * count, ["clip"] * count, frames, frames / 3, labels)
        self.broken = set(broken)

    def image(self, index):
        if index in self.broken:
            raise UnreadableImage(f"noise.csv, row {index}: image is truncated")
        return np.random.default_rng(index).integers(0, 256, (20, 16 + index % 3, 3), dtype=np.uint8)


def assert_same_labels(a, b):
    for name in ("names", "subjects", "clips", "frames", "time_seconds"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert set(a.labels) == set(b.labels)
    for name, label in a.labels.items():
        for one, other in ((label.value, b.labels[name].value), (label.weight, b.labels[name].weight)):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def test_a_store_gives_back_images_and_labels_bit_for_bit(tmp_path):
    source = Noise(30)
    store_writing.write(source, tmp_path / "faces", workers=1)
    stored = pickle.loads(pickle.dumps(store.read(tmp_path / "faces")))  # as a worker process gets it
    assert stored.label_set == "emonet_5"
    assert_same_labels(stored.examples, source.examples)
    for index in (29, 0, 13):
        np.testing.assert_array_equal(stored.image(index), source.image(index))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["faces"]
    assert "tensorflow" not in sys.modules


def test_worker_processes_write_the_same_in_the_same_order(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writing, "CHUNK", 4)
    monkeypatch.setattr(encoding, "WORTH_A_PROCESS", 1)
    source = Noise(18)
    store_writing.write(source, tmp_path / "faces", workers=2)
    stored = store.read(tmp_path / "faces")
    assert_same_labels(stored.examples, source.examples)
    for index in range(18):
        np.testing.assert_array_equal(stored.image(index), source.image(index))


def test_any_user_of_tfds_can_read_the_records(tmp_path, monkeypatch):
    monkeypatch.setattr(store_writing, "EXAMPLES_PER_SHARD", 4)
    source = Noise(10)
    store_writing.write(source, tmp_path / "faces", workers=1)
    builder = tfds.builder_from_directory(tmp_path / "faces")
    assert builder.info.metadata["emotions"] == ["neutral", "happy", "sad", "surprise", "anger"]
    records = builder.as_data_source(store_writing.SPLIT)
    assert len(records) == 10
    example = source.examples[7]
    record = records[7]
    np.testing.assert_array_equal(record["image"], source.image(7))
    np.testing.assert_array_equal(record["landmarks"], example.labels["landmarks"].value)
    np.testing.assert_array_equal(record["valence_arousal"], example.labels["valence_arousal"].value)
    np.testing.assert_array_equal(record["emotion"], example.labels["emotion"].value)
    assert record["name"].decode() == example.name
    assert record["frame"] == 7
    np.testing.assert_allclose(record["time_seconds"], 7 / 3, rtol=1e-7)  # TFDS keeps floats in 32 bits
    np.testing.assert_array_equal(store.read(tmp_path / "faces").image(9), source.image(9))


def test_jpeg_is_close(tmp_path):
    source = Noise(3)
    source.image = lambda index: np.tile(np.linspace(0, 255, 64).astype(np.uint8)[:, None, None], (1, 64, 3))
    store_writing.write(source, tmp_path / "faces", encoding="jpeg", workers=1)
    assert np.abs(store.read(tmp_path / "faces").image(1).astype(int) - source.image(1)).max() <= 3
    with pytest.raises(ValueError, match="unknown image encoding 'gif'; choose one of jpeg, png"):
        store_writing.write(source, tmp_path / "other", encoding="gif", workers=1)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["faces"]  # nothing half written


def test_a_store_is_reused_for_the_same_fingerprint_and_rebuilt_for_another(tmp_path):
    folder = tmp_path / "faces"
    store.materialize(lambda: Noise(4), folder, "first", workers=1)
    written = (folder / store_writing.COLUMNS_FILE).stat().st_mtime_ns
    assert len(store.materialize(lambda: Noise(9), folder, "first", workers=1).examples) == 4
    assert (folder / store_writing.COLUMNS_FILE).stat().st_mtime_ns == written
    with pytest.raises(ValueError, match=r"other settings \(fingerprint first, expected second\); remove the folder"):
        store.read(folder, "second")
    assert len(store.materialize(lambda: Noise(9), folder, "second", workers=1).examples) == 9
    np.testing.assert_array_equal(store.read(folder, "second").image(8), Noise(9).image(8))


def test_an_interrupted_rebuild_leaves_the_old_store_intact(tmp_path):
    folder = tmp_path / "faces"
    store_writing.write(Noise(4), folder, workers=1)
    failing = Noise(6)
    failing.image = lambda index: 1 / 0
    with pytest.raises(ZeroDivisionError):
        store_writing.write(failing, folder, workers=1)
    np.testing.assert_array_equal(store.read(folder).image(3), Noise(4).image(3))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["faces"]


def test_only_stores_are_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="has other files and is not a store; choose an empty or new folder"):
        store_writing.write(Noise(2), tmp_path, workers=1)
    with pytest.raises(FileNotFoundError, match=r"is not a store: expected examples.npz"):
        store.read(tmp_path)


def test_unreadable_images_are_left_out_and_listed(tmp_path):
    source = Noise(5, broken=[2])
    store_writing.write(source, tmp_path / "faces", workers=1, max_skipped_fraction=0.2)
    stored = store.read(tmp_path / "faces")
    assert [example.frame for example in stored.examples] == [0, 1, 3, 4]
    np.testing.assert_array_equal(stored.image(2), source.image(3))
    assert (tmp_path / "faces" / "skipped.csv").read_text().splitlines()[1] == "söbject/clip/2,2,image failed to load"
    with pytest.raises(ValueError, match=r"1 of 5 rows \(20.0%\) are unusable"):
        store_writing.write(source, tmp_path / "strict", workers=1)


def test_fingerprints_differ_with_any_field():
    plain = store.fingerprint("folder", FolderConfig("root"))
    assert plain == store.fingerprint("folder", FolderConfig("root"))
    assert plain != store.fingerprint("folder", FolderConfig("root", split="b"))
    assert plain != store.fingerprint("files", FolderConfig("root"))


def test_an_empty_source_is_rejected(tmp_path):
    with pytest.raises(ValueError, match="the source is empty; is the split right"):
        store_writing.write(Noise(0), tmp_path / "faces", workers=1)


@pytest.mark.parametrize("damage", ["lost", "cut", "flipped"])
def test_a_corrupt_shard_is_an_unreadable_image(tmp_path, damage):
    store_writing.write(Noise(5), tmp_path / "faces", workers=1)
    (shard,) = (tmp_path / "faces").glob("*array_record*")
    data = bytearray(shard.read_bytes())
    data[2000] ^= 255
    shard.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    if damage == "lost":
        shard.unlink()
    with pytest.raises(UnreadableImage, match=r"faces, record \d: .*; remove the folder and write it again"):
        for index in range(5):
            store.read(tmp_path / "faces").image(index)
    with pytest.raises(IndexError, match="example 5 of 5"):
        store.read(tmp_path / "faces").image(5)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_a_store_with_truncated_labels_is_reported_and_rewritten(tmp_path, kept):
    folder = tmp_path / "faces"
    store_writing.write(Noise(4), folder, fingerprint="first", workers=1)
    columns = folder / store_writing.COLUMNS_FILE
    columns.write_bytes(columns.read_bytes()[: int(columns.stat().st_size * kept)])
    with pytest.raises(ValueError, match=r"faces/examples\.npz is truncated or corrupt \(.+\); remove the folder"):
        store.read(folder)
    assert len(store.materialize(lambda: Noise(4), folder, "first", workers=1).examples) == 4


def test_a_store_with_labels_of_another_is_rejected_and_rewritten(tmp_path):
    folder = tmp_path / "faces"
    store_writing.write(Noise(4), folder, fingerprint="first", workers=1)
    store_writing.write(Noise(5), tmp_path / "other", fingerprint="first", workers=1)
    (tmp_path / "other" / store_writing.COLUMNS_FILE).replace(folder / store_writing.COLUMNS_FILE)
    with pytest.raises(ValueError, match=r"faces has 4 images for 5 rows of labels; remove the folder"):
        store.read(folder)
    assert len(store.materialize(lambda: Noise(6), folder, "first", workers=1).examples) == 6
