import dataclasses

import numpy as np
import pytest

from affect_jax.data.loader import evaluation_batches
from affect_jax.data.readers.features import FeaturesConfig, features
from affect_jax.data.registry import READERS
from affect_jax.tables.feature_rows import FeatureFacts, FeatureRows, write_feature_rows
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

COUNT = 6


def make_rows() -> Rows:
    rng = np.random.default_rng(0)
    weight = np.array([1.0, 0, 1, 1, 1, 1])
    return Rows(
        label_set="emonet_5",
        crop_px=64,
        source=tuple(f"clip/{frame}" for frame in range(COUNT)),
        subject=("anna",) * 2 + ("ben",) * 4,
        clip=("clip",) * COUNT,
        frame=np.arange(COUNT),
        face=np.zeros(COUNT, np.int64),
        time_seconds=np.arange(COUNT) / 25,
        values={"valence_arousal": rng.uniform(-1, 1, (COUNT, 2)), "emotion": np.full((COUNT, 5), 0.2)},
        labels=Labels(valence_arousal=Label(rng.uniform(-1, 1, (COUNT, 2)), weight)),
        success=np.ones(COUNT, bool),
    )


def write(folder, rows: Rows) -> np.ndarray:
    array = np.random.default_rng(1).normal(size=(COUNT, 4)).astype(np.float32)
    arrays = {"features": array, "valence_arousal": np.zeros((COUNT, 2), np.float32)}
    facts = FeatureFacts("static@7", "ab" * 32, "whole_frame crop_px=64", {"input": "film.mp4"})
    write_feature_rows(FeatureRows(rows, arrays, facts), folder)
    return array


def test_a_folder_is_a_source_with_its_features_and_labels(tmp_path):
    rows = make_rows()
    written = write(tmp_path, rows)
    reader, config = READERS["features"]
    source = reader(config(root=str(tmp_path)))
    assert source.label_set == "emonet_5" and len(source.examples) == COUNT
    example = source.examples[3]
    assert (example.name, example.subject, example.clip, example.frame) == ("clip/3", "ben", "clip", 3)
    assert example.time_seconds == 3 / 25
    np.testing.assert_array_equal(example.features, written[3])
    label = example.labels["valence_arousal"]
    np.testing.assert_allclose(label.value, rows.labels["valence_arousal"].value[3], rtol=1e-6)
    assert label.weight == 1 and source.examples[1].labels["valence_arousal"].weight == 0
    assert not source.examples[3].labels["emotion"].weight


def test_batches_hold_the_features(tmp_path):
    written = write(tmp_path, make_rows())
    source = features(FeaturesConfig(str(tmp_path)))
    batches = list(evaluation_batches(source, crop_px=1, batch=4, takes=("features",), threads=1))
    joined = np.concatenate([batch.inputs.features for batch in batches])
    np.testing.assert_array_equal(joined[:COUNT], written)
    np.testing.assert_array_equal(np.concatenate([batch.subject for batch in batches])[:COUNT], [0, 0, 1, 1, 1, 1])


def test_the_rows_of_a_video_get_names_of_their_own(tmp_path):
    write(tmp_path, dataclasses.replace(make_rows(), source=("film.mp4",) * COUNT, face=np.array([0, 1] * 3)))
    names = [example.name for example in features(FeaturesConfig(str(tmp_path), "")).examples]
    assert names[1] == "film.mp4/000001/1" and len(set(names)) == COUNT


def test_there_are_no_images(tmp_path):
    write(tmp_path, make_rows())
    with pytest.raises(ValueError, match=r"holds features of faces but no images \('clip/2' was asked for\); use a ne"):
        features(FeaturesConfig(str(tmp_path))).image(2)


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match="split is 'test', expected 'all'; each split has a folder of its own"):
        FeaturesConfig(split="test")
    with pytest.raises(FileNotFoundError, match="holds no complete stored features: .*features.json is missing"):
        features(FeaturesConfig(str(tmp_path)))
