"""Teachers and class weights on the way through the commands' functions: what fits trains, what does not is named."""

import json
import pathlib

import jax
import numpy as np
import pytest
from records import no_labels

from affect_jax.data.source import Concatenated, Table
from affect_jax.experiment import refuse, restore, task
from affect_jax.experiment import train as training
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.network import names
from affect_jax.train.placement import Placement
from configs import base

pytestmark = pytest.mark.slow  # whole runs

SIZES = {
    "trunk": {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2},
    "head": {"blocks": 1, "rank": 4},
}


def miniature(root, **task):
    config = base.base()
    config.batch_size = 8
    config.train.update(steps=2, log_every=1, evaluate_every=2)
    config.data.store = str(root / "data")
    config.model = base.model("emonet", **SIZES)
    config.task = base.task("affect", **task)
    faces = {"size_px": 64, "subjects": 3, "per_subject": 8}
    config.data.train.rendered = base.data_set("rendered", split="train", **faces)
    config.evaluations.validation = base.data_set("rendered", split="validation", **faces)
    return config


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A folder with a trained run to learn from."""
    root = tmp_path_factory.mktemp("teacher")
    assert train(miniature(root), root / "run")
    return root


def test_a_student_with_every_option_trains_and_is_rebuilt_from_its_averaged_weights(teacher, tmp_path):
    recipe = {"mixing": "learned", "regression": "rmse", "ccc_memory": 2, "label_smoothing": 0.1}
    config = miniature(
        teacher, teacher=str(teacher / "run"), class_weights=(1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0), **recipe
    )
    config.optimizer.average = 0.9
    before = (teacher / "run" / "config.json").read_bytes()
    assert train(config, tmp_path / "student")
    lines = [json.loads(line) for line in (tmp_path / "student" / "metrics.jsonl").read_text().splitlines()]
    logged = {name for line in lines for name in line}
    assert {"train/loss/teacher", "train/loss/rmse", "train/log_variance/pcc", "train/loss/emotion"} <= logged
    arrays = names(restore.restore_run(tmp_path / "student")[2])
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert (teacher / "run" / "config.json").read_bytes() == before


def test_a_teacher_that_does_not_fit_is_named_before_anything_is_written(teacher, tmp_path):
    place = str(teacher / "run")
    cases = {
        "label_set affectnet_8, this run affectnet_7": {"label_set": "affectnet_7"},
        "input_px 32, this run 64": {"model.trunk.input_px": 64},
        r"crop.side_ratio .*, this run 1.5": {"crop.side_ratio": 1.5},
        "crop.warp antialiased, this run emonet": {"crop.warp": "emonet"},
        "none is not a workdir": {"task.teacher": str(tmp_path / "none")},
    }
    for message, changes in cases.items():
        config = miniature(teacher, teacher=place)
        config.update_from_flattened_dict(changes)
        with pytest.raises(UsageError, match=message):
            train(config, tmp_path / "student")
        assert not (tmp_path / "student").exists()


def test_class_weights_that_do_not_fit_the_label_set_are_refused_before_anything_is_written(teacher, tmp_path):
    config = miniature(teacher, class_weights=(1.0, 2.0, 3.0))
    with pytest.raises(UsageError, match="has 3 entries; the label set has 8 emotions: neutral, happy"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


class Columns:
    """A source of labels alone."""

    label_set = "emonet_5"

    def __init__(self, emotion, weight):
        count = len(weight)
        labels = no_labels(count, 5)
        labels["emotion"].value[:], labels["emotion"].weight[:] = emotion, weight
        words = [str(number) for number in range(count)]
        self.examples = Table(words, words, words, np.zeros(count, np.int64), np.zeros(count), labels)

    def image(self, index):
        raise NotImplementedError


def run_and_source(**task):
    config = miniature(pathlib.Path("none"), **task)
    config.label_set = "emonet_5"
    config.data.train.soft = base.data_set("rendered", weight=3.0)
    soft = np.full((2, 5), 0.2)
    parts = [Columns(np.eye(5)[[0, 0, 0, 1]], [1, 1, 1, 1]), Columns([*soft, *np.full((2, 5), np.nan)], [1, 0.5, 0, 0])]
    return options.parse(options.as_dict(config)), Concatenated(parts)


def test_class_weights_come_from_what_is_drawn_of_each_data_set_and_from_soft_labels():
    run, source = run_and_source(class_weight_rule="inverse")
    # 1 x (3/4, 1/4, 0, 0, 0) of the first, 3 x 1.5/4 x 0.2 of each emotion of the second
    drawn = np.array([0.75, 0.25, 0, 0, 0]) + 3 * 1.5 / 4 * 0.2
    weights = np.array(task.fit_task(run, source).class_weights)
    np.testing.assert_allclose(weights * drawn, drawn.sum() / 5, rtol=1e-6)


def test_a_class_without_an_example_is_named():
    run, source = run_and_source(class_weight_rule="inverse_sqrt")
    source.examples.labels["emotion"].weight[4:] = 0
    source.parts[1].examples.labels["emotion"].weight[:] = 0
    with pytest.raises(UsageError, match="has no examples of sad, surprise, anger; use a label set"):
        task.fit_task(run, source)


def test_a_static_teacher_judges_the_frames_of_a_clip_one_by_one(teacher):
    config = miniature(teacher, teacher=str(teacher / "run"))
    config.model = base.model("clip", **SIZES, time={"pool": 3})
    config.data.update(frames=3, hop=1)
    run = options.parse(options.as_dict(config))
    refuse.check_teacher(Run(run, teacher))
    found = task.restore_teacher(run, Placement.single())
    clips = jax.random.uniform(jax.random.key(0), (2, 3, 32, 32, 3))
    said = jax.jit(found.predict)(found.variables, clips)["emotion"]
    _, network, variables, _ = restore.restore_run(teacher / "run")
    for frame in range(3):
        alone = network.predict(variables, clips[:, frame])["emotion"]
        np.testing.assert_allclose(said[:, frame], alone, rtol=1e-4, atol=1e-5)

    assert task.restore_teacher(options.parse(options.as_dict(miniature(teacher))), Placement.single()) is None


@pytest.mark.parametrize("name", ["clip", "landmark_clip"])
def test_a_network_of_clips_is_refused_for_photographs(name, tmp_path):
    config = miniature(tmp_path)
    sizes = SIZES if name == "clip" else {"trunk": SIZES["trunk"]}
    config.model = base.model(name, **sizes)
    config.task = base.task("affect" if name == "clip" else "landmarks")
    with pytest.raises(UsageError, match=rf"the network '{name}' is temporal, but data.frames is 0.*: set"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_task_that_learns_nothing_of_what_the_network_predicts_is_refused(tmp_path):
    config = miniature(tmp_path)
    config.model = base.model("intensity_i3d", width=0.125, input_px=32)
    with pytest.raises(
        UsageError, match="'intensity_i3d' predicts intensity_happy, but the task learns valence_arousal"
    ):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("error", [TypeError("of JAX"), KeyboardInterrupt()])
def test_a_run_that_fails_before_its_first_checkpoint_leaves_its_folder_to_the_next_config(
    teacher, tmp_path, monkeypatch, error
):
    def fail(*_):
        raise error

    with monkeypatch.context() as broken, pytest.raises(type(error)):
        broken.setattr(training.data, "training_batches", fail)
        train(miniature(teacher), tmp_path / "run")
    corrected = miniature(teacher)
    corrected.optimizer.learning_rate = 1e-4
    assert train(corrected, tmp_path / "run")


def test_terms_of_clips_are_refused_for_photographs_and_short_clips(tmp_path):
    config = miniature(tmp_path, ccc_over="both")
    with pytest.raises(UsageError, match="task.ccc_over 'both' takes clips of 4 frames or more, but .* is 0"):
        refuse.refuse(Run(options.parse(options.as_dict(config)), tmp_path))
    config = miniature(tmp_path, smoothness_weight=2.0)
    config.data.frames = 1
    with pytest.raises(UsageError, match="task.smoothness_weight 2 takes clips of 2 frames or more"):
        refuse.refuse(Run(options.parse(options.as_dict(config)), tmp_path))
