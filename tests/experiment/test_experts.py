"""Runs of experts: what fits them and what does not, whose expert is which, and the stages by the ordinary loop."""

import json

import jax
import numpy as np
import pytest

from affect_jax.data.crops import CropMaker
from affect_jax.data.readers.features import FeaturesConfig, features
from affect_jax.experiment import features as storing
from affect_jax.experiment import initialize, restore
from affect_jax.experiment.clip_checks import check_clips
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import as_dict, parse
from affect_jax.experiment.costs import network_costs
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.experts import check_features, record_experts
from affect_jax.experiment.experts_record import FeatureNetwork, read_record
from affect_jax.experiment.export.command import export_run
from affect_jax.experiment.inspect.command import inspect_config
from affect_jax.experiment.other_runs import check_head
from affect_jax.experiment.predictor import predictor
from affect_jax.experiment.refuse import check_experts, check_network
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.network import names
from affect_jax.personal.stored import StoredFeatures, read_features, write_features
from configs import base

FEATURES, SUBJECTS, FRAMES = 4, 3, 20
SETTINGS = ["kind=clips", "subjects=3", "per_subject=1", "frames=6", "size_px=48"]


def write_folder(folder, subjects=("b", "a", "c"), width=FEATURES, sha256="0" * 64, network="static@1"):
    """Features of some subjects, in this order, each with a linear map of its own to valence and arousal."""
    rng = np.random.default_rng(0)
    count = len(subjects) * FRAMES
    drawn = rng.normal(size=(count, width)).astype(np.float32)
    maps = {name: rng.normal(0, 0.3, (width, 2)) for name in sorted(subjects)}
    subject = tuple(np.repeat(subjects, FRAMES).tolist())
    labels = np.stack([np.tanh(row @ maps[name]) for row, name in zip(drawn, subject, strict=True)])
    stored = StoredFeatures(
        features=drawn,
        raw=np.zeros((count, 2), np.float32),
        labels=labels.astype(np.float32),
        weight=np.ones(count, np.float32),
        subject=subject,
        clip=subject,
        face=np.zeros(count, np.int64),
        frame=np.tile(np.arange(FRAMES), len(subjects)),
        time_seconds=np.tile(np.arange(FRAMES) / 25, len(subjects)),
        network_sha256=sha256,
        network=network,
    )
    write_features(stored, folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Stored features of three source subjects, and of two others."""
    root = tmp_path_factory.mktemp("stored")
    return write_folder(root / "sources"), write_folder(root / "held", ("x", "y"))


def config_of(folders, count=SUBJECTS, stage="experts", width=FEATURES, **task):
    config = base.base()
    config.batch_size = 16
    config.model = base.model("experts", features=width, mixture={"count": count, "hidden": 4})
    config.task = base.task("experts", stage=stage, **task)
    config.data.train.sources = base.data_set("features", root=str(folders[0]))
    config.evaluations.validation = base.data_set("features", root=str(folders[1]))
    config.train.update(steps=4, log_every=2, evaluate_every=2)
    return config


def run_of(config, workdir) -> Run:
    workdir.mkdir(exist_ok=True)
    return Run(parse(config), workdir)


def test_the_record_lists_the_subjects_in_the_order_of_their_indices(folders, tmp_path):
    run = run_of(config_of(folders), tmp_path)
    check_features(run)
    record_experts(run)
    record = read_record(tmp_path)
    assert record.subjects == ("a", "b", "c") and record.network == FeatureNetwork("static@1", "0" * 64)
    # The batch says which expert a face belongs to: the first 20 rows are of "b".
    maker = CropMaker(run.source, 0, run.options.augment, takes=("features",))
    assert [record.subjects[maker.subjects[row]] for row in (0, FRAMES, 2 * FRAMES)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"count": 2},
            r"have 3 subjects \(a, b, c\), the network 2 experts.* set model.mixture.count to 3, or ",
        ),
        ({"count": 4, "stage": "joint", "gate_weight": 0.1}, "have 3 subjects .*, the network 4 experts"),
        ({"width": 6}, "data.train.sources has 4 features a face, the network takes 6: set model.features to 4"),
    ],
)
def test_data_that_do_not_fit_are_refused(folders, tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        check_features(run_of(config_of(folders, **change), tmp_path))


def test_clusters_need_no_expert_for_each_subject(folders, tmp_path):
    check_features(run_of(config_of(folders, count=2, stage="joint"), tmp_path))


def test_faces_without_a_subject_are_refused_where_each_expert_learns_one(folders, tmp_path):
    nameless = write_folder(tmp_path / "nameless", ("", "a", "b"))
    config = config_of((nameless, folders[1]), count=2)
    with pytest.raises(UsageError, match="20 of 60 training faces have no subject, so that no expert could learn them"):
        check_features(run_of(config, tmp_path))


def test_data_without_features_and_features_of_two_networks_are_refused(folders, tmp_path):
    config = config_of(folders)
    config.data.train.sources = base.data_set("rendered", subjects=2, per_subject=1, size_px=48)
    with pytest.raises(UsageError, match=r"data.train.sources has no features, which the network takes; store them"):
        check_features(run_of(config, tmp_path))
    other = write_folder(tmp_path / "other", ("x",), sha256="1" * 64, network="clip@2")
    with pytest.raises(UsageError, match="of data.train.sources come from static@1, those of evaluations.validation "):
        check_features(run_of(config_of((folders[0], other)), tmp_path))


def test_experts_go_on_with_their_own_subjects_only(folders, tmp_path):
    first = run_of(config_of(folders), tmp_path / "first")
    record_experts(first)
    config = config_of((write_folder(tmp_path / "more", ("a", "b", "d")), folders[1]), stage="joint", gate_weight=1.0)
    config.initialize.update(rule="copy", workdir=str(tmp_path / "first"))
    with pytest.raises(UsageError, match=r"belong to 3 other subjects; these data do not have c: train on the same"):
        check_features(run_of(config, tmp_path / "second"))
    config.task.gate_weight = 0.0
    check_features(run_of(config, tmp_path / "second"))


def test_a_record_that_is_missing_or_damaged_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"has no experts.json: it holds no experts that python -m launch.train"):
        read_record(tmp_path)
    for text in ("{", '{"subjects": 3}', '{"subjects": ["a"], "network": {"name": "a"}}'):
        (tmp_path / "experts.json").write_text(text)
        with pytest.raises(UsageError, match=r"experts.json is damaged .*; restore it from a copy, or train"):
            read_record(tmp_path)


def test_what_a_config_alone_shows_is_refused(folders, tmp_path, miniature):
    config = config_of(folders)
    config.augment.mixup_alpha = 0.2
    with pytest.raises(UsageError, match="augment.mixup_alpha is 0.2, which blends faces of different subjects"):
        check_experts(run_of(config, tmp_path))
    images = miniature(tmp_path)
    images.task = base.task("experts")
    with pytest.raises(ValueError, match="task 'experts' trains a network of experts; take model 'experts'"):
        check_clips(run_of(images, tmp_path))
    check_network(run_of(config_of(folders), tmp_path))


def test_a_config_of_experts_is_inspected_and_counted_without_its_data(folders):
    config = config_of(folders)
    config.data.train.sources.root = config.evaluations.validation.root = "not/there"
    text = inspect_config(as_dict(config))
    assert "network      experts, 4 features" in text and "4 steps of 16 faces" in text
    found = network_costs(parse(config))
    # three experts of 4 -> 4 -> 2 and a gate 4 -> 3, with biases
    assert found["parameters"] == 3 * (4 * 4 + 4 + 4 * 2 + 2) + 4 * 3 + 3
    # their products and sums: 3 (4x4 + 4x2) + 4x3, each 2; what is added, mixed and normalized is less than half again
    products = 2 * (3 * (4 * 4 + 4 * 2) + 4 * 3)
    assert products < found["flops/frame"] < 1.5 * products


def test_a_head_of_another_kind_of_network_is_refused(folders, static_run, tmp_path, miniature):
    config = config_of(folders)
    with pytest.raises(UsageError, match=r"static pools 8 features, model.features is 4; they must be equal"):
        check_head(parse(config), static_run)
    with pytest.raises(UsageError, match=r"rule head is for model 'experts', but the model is 'emonet'; use copy"):
        check_head(parse(miniature(tmp_path)), static_run)


@pytest.fixture(scope="module")
def stored_faces(static_run, tmp_path_factory):
    """Features that a static network pooled of three rendered subjects, and of three others."""
    root = tmp_path_factory.mktemp("faces")
    for split in ("train", "validation"):
        assert storing.store_data_set(static_run, "rendered", "", split, SETTINGS, root / split) == 18
    return root / "train", root / "validation"


@pytest.fixture(scope="module")
def stages(static_run, stored_faces, tmp_path_factory):
    """Workdirs of both stages, the first of which starts from the head of the static network."""
    root = tmp_path_factory.mktemp("stages")
    first = config_of(stored_faces, width=8)
    first.initialize.update(rule="head", workdir=str(static_run))
    assert train(first, root / "experts")
    second = config_of(stored_faces, width=8, stage="joint", gate_weight=0.1)
    second.initialize.update(rule="copy", workdir=str(root / "experts"))
    assert train(second, root / "joint")
    return root / "experts", root / "joint"


@pytest.mark.slow
def test_before_training_the_experts_predict_what_their_base_does(static_run, stored_faces, tmp_path):
    config = config_of(stored_faces, width=8)
    config.initialize.update(rule="head", workdir=str(static_run))
    run = run_of(config, tmp_path)
    variables = initialize.initial_variables(run.options, run.network, tmp_path)
    source = features(FeaturesConfig(root=str(stored_faces[0])))
    found = run.network.predict(variables, jax.numpy.asarray(source.examples.features))
    expected = read_features(stored_faces[0]).raw
    np.testing.assert_allclose(found["valence_arousal"], expected, atol=1e-5)
    config.model.mixture.hidden = 5
    with pytest.raises(UsageError, match=r"hidden_kernel is \(8, 4\) in the head, .*; set model.mixture.hidden to 4"):
        initialize.initial_variables(parse(config), run_of(config, tmp_path).network, tmp_path)
    other = write_folder(tmp_path / "other", width=8)
    config = config_of((other, other), width=8)
    config.initialize.update(rule="head", workdir=str(static_run))
    with pytest.raises(UsageError, match=r"is not the network that the features come from, static@1; give the workdir"):
        initialize.initial_variables(parse(config), run.network, tmp_path)


@pytest.mark.slow
def test_both_stages_train_are_scored_and_are_restored(stages, stored_faces, tmp_path):
    for workdir in stages:
        lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
        assert sum("validation/ccc/mean" in line for line in lines) == 2
        assert len(read_record(workdir).subjects) == 3
        assert read_record(workdir).network.name.startswith("static@")
    before, after = (names(restore.restore_run(workdir)[2]) for workdir in stages)
    assert before.keys() == after.keys()
    assert all(np.abs(before[name] - after[name]).max() > 0 for name in before)
    _, summary = evaluate_run(stages[1], "features", str(stored_faces[1]), "all", [])
    assert np.isfinite(summary["scores"]["ccc/mean"]) and summary["conditions"]["crop"] == "that of the features"
    assert summary["conditions"]["reader"] == f"root={stored_faces[1]}"
    with pytest.raises(UsageError, match="holds an evaluation of reader 'root=.*validation', this one has 'root=.*tr"):
        evaluate_run(stages[1], "features", str(stored_faces[0]), "all", [])
    assert storing.store_data_set(stages[1], "features", str(stored_faces[1]), "all", [], tmp_path / "out") == 18
    again = read_features(tmp_path / "out").features
    np.testing.assert_array_equal(again, read_features(stored_faces[1]).features)


@pytest.mark.slow
def test_what_needs_images_is_refused_and_weights_are_exported(stages, tmp_path):
    with pytest.raises(UsageError, match="holds a network of features; files and videos provide images only"):
        predictor(stages[1])
    with pytest.raises(UsageError, match="holds a network of features; --format=onnx is for networks of images"):
        export_run(stages[1], tmp_path / "onnx", ["onnx"])
    export_run(stages[1], tmp_path / "plain", ["safetensors"])
    before, after = (restore.restore_run(workdir) for workdir in (stages[1], tmp_path / "plain"))
    for name, array in names(before[2]).items():
        np.testing.assert_array_equal(array, names(after[2])[name])
