"""The folder of stored features; how its damage is refused stands in tests/personal/test_stored.py."""

import dataclasses

import numpy as np
import pytest

from affect_jax.tables import feature_rows
from affect_jax.tables.feature_rows import ARRAYS, FACTS, TABLE, FeatureFacts, FeatureRows
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

COUNT = 4
FACTS_OF_IT = FeatureFacts("static@7", "ab" * 32, "whole_frame crop_px=64", {"input": "film.mp4"})


def make(seed: int = 0) -> FeatureRows:
    rng = np.random.default_rng(seed)
    rows = Rows(
        label_set="emonet_5",
        crop_px=64,
        source=("film.mp4",) * COUNT,
        subject=("",) * COUNT,
        clip=("film.mp4",) * COUNT,
        frame=np.array([0, 0, 1, 3]),
        face=np.array([0, 1, 0, 2]),
        time_seconds=np.array([0, 0, 1, 3]) / 3,
        values={"valence_arousal": rng.uniform(-1, 1, (COUNT, 2)), "emotion": np.full((COUNT, 5), 0.2)},
        labels=Labels(emotion=Label(np.eye(5)[[0, 1, 2, 0]], np.array([1.0, 1, 1, 0]))),
        success=np.ones(COUNT, bool),
        boxes=rng.uniform(0, 9, (COUNT, 5)),
        quality=rng.uniform(size=COUNT),
    )
    arrays = {"features": rng.normal(size=(COUNT, 3)), "valence_arousal": rng.normal(size=(COUNT, 2))}
    return FeatureRows(rows, {**arrays, "head/hidden_bias": rng.normal(size=5)}, FACTS_OF_IT)


def test_every_column_and_array_is_read_as_it_was_written(tmp_path):
    written = make()
    feature_rows.write_feature_rows(written, tmp_path)
    read = feature_rows.read_feature_rows(tmp_path)
    assert read.facts == FACTS_OF_IT and set(read.arrays) == set(written.arrays)
    for name, array in written.arrays.items():
        np.testing.assert_array_equal(read.arrays[name], np.float32(array))
    for field in ("source", "clip", "label_set"):
        assert getattr(read.rows, field) == getattr(written.rows, field)
    for field in ("frame", "face", "time_seconds", "boxes", "quality"):
        np.testing.assert_array_equal(getattr(read.rows, field), getattr(written.rows, field))
    np.testing.assert_array_equal(read.rows.values["emotion"], written.rows.values["emotion"])
    np.testing.assert_array_equal(read.rows.labels["emotion"].weight, [1, 1, 1, 0])


def test_a_command_that_is_killed_leaves_no_folder_of_mixed_files(tmp_path, monkeypatch):
    feature_rows.write_feature_rows(make(), tmp_path)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(feature_rows, "write_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        feature_rows.write_feature_rows(make(seed=1), tmp_path)
    assert (tmp_path / TABLE).exists() and (tmp_path / ARRAYS).exists() and not (tmp_path / FACTS).exists()
    with pytest.raises(FileNotFoundError, match="holds no complete stored features: .*features.json is missing"):
        feature_rows.read_feature_rows(tmp_path)


def test_arrays_of_another_number_of_rows_are_not_written(tmp_path):
    stored = make()
    arrays = {**stored.arrays, "features": stored.arrays["features"][:-1]}
    with pytest.raises(ValueError, match=r"features has shape \(3, 3\), but the table has 4 rows"):
        feature_rows.write_feature_rows(dataclasses.replace(stored, arrays=arrays), tmp_path / "new")
    assert not (tmp_path / "new").exists()
