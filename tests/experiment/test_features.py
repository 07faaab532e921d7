"""launch.features on a trained network in miniature: of a data set and of a video."""

import dataclasses
import json

import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.data.loader import evaluation_batches
from affect_jax.data.readers.features import FeaturesConfig, features
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render.sheet import write_crops
from affect_jax.experiment import features as storing
from affect_jax.experiment import predict, restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.predict import Finding
from affect_jax.experiment.predictor import predictor
from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.models.contract import Contract
from affect_jax.nn.network import names
from affect_jax.personal.digest import network_digest
from affect_jax.personal.stored import read_features
from affect_jax.predict.estimate import make_schema
from affect_jax.tables.feature_rows import FACTS, TABLE, FeatureFacts
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import read_facts

SETTINGS = ["kind=clips", "subjects=2", "per_subject=2", "frames=5", "size_px=48"]


@pytest.fixture(scope="module")
def stored(static_run, tmp_path_factory):
    """The features of rendered clips, and their folder."""
    folder = tmp_path_factory.mktemp("stored") / "features"
    assert storing.store_data_set(static_run, "rendered", "", "test", SETTINGS, folder) == 20
    return read_features(folder), folder


@pytest.fixture(scope="module")
def source():
    return rendered(RenderedConfig(split="test", kind="clips", subjects=2, per_subject=2, frames=5, size_px=48))


@pytest.mark.slow
def test_the_table_is_that_of_an_evaluation_without_scores(static_run, stored, tmp_path):
    folder, _ = evaluate_run(static_run, "rendered", "", "test", SETTINGS, output=tmp_path)
    expected, found = read_rows(folder / TABLE), read_rows(stored[1] / TABLE)
    digest = stored[0].network_sha256
    assert {read_facts(place / TABLE)["network_sha256"] for place in (folder, stored[1])} == {digest}
    assert make_schema(predictor(static_run), whole_frame=True).network_sha256 == digest
    for field in ("source", "subject", "clip"):
        assert getattr(found, field) == getattr(expected, field)
    for name in ("valence_arousal", "emotion"):
        np.testing.assert_allclose(found.values[name], expected.values[name], atol=1e-5)
        np.testing.assert_array_equal(found.labels[name].value, expected.labels[name].value)
    np.testing.assert_array_equal(found.time_seconds, expected.time_seconds)


@pytest.mark.slow
def test_features_and_output_are_those_of_the_network_row_by_row(static_run, stored, source):
    _, network, variables, _ = restore.restore_run(static_run)
    module = network.module(variables)
    module.eval()
    module.gives_features = True
    (batch,) = evaluation_batches(source, crop_px=32, batch=20, threads=1)
    expected = module(jnp.asarray(batch.inputs.images, jnp.float32) / 255)
    scale = np.abs(expected["features"]).max()
    np.testing.assert_allclose(stored[0].features, expected["features"], atol=1e-4 * scale)
    np.testing.assert_allclose(stored[0].raw, expected["valence_arousal"], atol=1e-4)
    assert stored[0].features.std(0).max() > 1e-3


@pytest.mark.slow
def test_labels_subjects_geometry_and_digest_are_stored(static_run, stored, source):
    run, _, variables, step = restore.restore_run(static_run)
    record = stored[0]
    labels = np.stack([example.labels["valence_arousal"].value for example in source.examples])
    np.testing.assert_allclose(record.labels, labels, atol=1e-6)
    assert record.weight.all() and record.subject == tuple(example.subject for example in source.examples)
    landmarks = np.stack([example.labels["landmarks"].value for example in source.examples])
    np.testing.assert_allclose(record.geometry, geometry_signature(landmarks), atol=1e-5)
    assert record.network_sha256 == network_digest(names(variables))
    assert record.network == f"static@{step}"
    assert record.features.shape == (20, run.contract.features)
    assert record.head is not None  # `read_features` compares it with the output


@pytest.mark.slow
def test_the_reader_opens_them(stored):
    examples = features(FeaturesConfig(str(stored[1]))).examples
    np.testing.assert_array_equal(np.stack([example.features for example in examples]), stored[0].features)


@pytest.mark.slow
def test_the_faces_of_a_video_have_the_values_of_launch_predict(static_run, source, tmp_path):
    video = tmp_path / "crops.mp4"
    write_crops(video, rendered(dataclasses.replace(source.config, subjects=1, per_subject=1, frames=9)), 12.5, 48)
    crops = Finding("whole_frame")
    assert predict.predict_run(static_run, video, tmp_path / "tables", finding=crops)
    assert storing.store_files(static_run, video, tmp_path / "features", crops) == 9
    expected, found = read_rows(tmp_path / "tables" / "crops.csv"), read_rows(tmp_path / "features" / TABLE)
    np.testing.assert_allclose(found.values["valence_arousal"], expected.values["valence_arousal"], atol=1e-5)
    np.testing.assert_array_equal(found.time_seconds, expected.time_seconds)
    record = read_features(tmp_path / "features")
    np.testing.assert_allclose(np.clip(record.output, -1, 1), found.values["valence_arousal"], atol=1e-6)
    assert record.clip == ("crops.mp4",) * 9 and record.geometry is None and not record.weight.any()


@pytest.mark.slow
def test_a_folder_of_other_features_is_kept(static_run, stored):
    before = (stored[1] / FACTS).read_bytes()
    with pytest.raises(
        UsageError, match=r"features holds features of split 'test'; these would be of split 'validation'\. Cho"
    ):
        storing.store_data_set(static_run, "rendered", "", "validation", SETTINGS, stored[1])
    assert (stored[1] / FACTS).read_bytes() == before


FACTS_OF_A_RUN = FeatureFacts("static@7", "ab" * 32, "crop", {"input": "a.mp4"})


def write_facts(folder, facts):
    content = {"version": 1, "sha256": {TABLE: "0"}, **dataclasses.asdict(facts)}
    (folder / FACTS).write_text(json.dumps(content))


def test_features_of_another_step_are_overwritten_and_those_of_another_network_are_not(tmp_path):
    write_facts(tmp_path, FACTS_OF_A_RUN)
    storing._require_same_conditions(tmp_path, dataclasses.replace(FACTS_OF_A_RUN, network="static@9"))
    with pytest.raises(UsageError, match=r"holds features of network 'static'; these would be of network 'clip'\. Cho"):
        storing._require_same_conditions(tmp_path, dataclasses.replace(FACTS_OF_A_RUN, network="clip@7"))
    (tmp_path / FACTS).write_text("damaged")
    storing._require_same_conditions(tmp_path, FACTS_OF_A_RUN)


def test_a_folder_of_predictions_is_not_overwritten(tmp_path):
    (tmp_path / TABLE).write_text("source\n")
    with pytest.raises(UsageError, match="holds predictions without features; choose another folder with --output"):
        storing._require_same_conditions(tmp_path, FACTS_OF_A_RUN)


def test_only_what_differs_is_named(tmp_path):
    write_facts(tmp_path, FACTS_OF_A_RUN)
    data = {"reader": "recola", "split": "dev", "options": ""}
    with pytest.raises(UsageError) as refused:
        storing._require_same_conditions(tmp_path, dataclasses.replace(FACTS_OF_A_RUN, data=data))
    assert str(refused.value) == (
        f"{tmp_path} holds features of input 'a.mp4'; these would be of reader 'recola', split 'dev', no options. "
        "Choose another --output, or remove that folder"
    )


def test_a_reader_without_images_is_refused_for_a_network_of_images(static_run, tmp_path):
    message = "--data=features has no images, but the network takes images; give the data set that the features were"
    for store in (storing.store_data_set, lambda *given: evaluate_run(*given[:-1], output=given[-1])):
        with pytest.raises(UsageError, match=message):
            store(static_run, "features", str(tmp_path), "all", [], tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_a_network_without_features_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="holds a network 'landmarks', which offers no pooled features; give the work"):
        storing._require_features(tmp_path, "landmarks", Contract(predicts=("landmarks",)))


def test_a_missing_input_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="--input=.*film.mp4 does not exist"):
        storing.store_files(tmp_path, tmp_path / "film.mp4", tmp_path, Finding("whole_frame"))


def test_the_last_layer_is_stored_in_the_order_of_the_stored_intensities():
    """The network rates sadness before happiness, with two outputs each; the table has happiness first."""
    layers = {"output_kernel": np.float32([[1, 2, 3, 4]]), "output_bias": np.float32([5, 6, 7, 8])}
    found = storing.in_stored_order(layers, ("intensity_sad", "intensity_happy"))
    np.testing.assert_array_equal(found["output_kernel"], [[3, 4, 1, 2]])
    np.testing.assert_array_equal(found["output_bias"], [7, 8, 5, 6])
    assert storing.in_stored_order(layers, ("intensity_happy", "intensity_sad")) is layers
