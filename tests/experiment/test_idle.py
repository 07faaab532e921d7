"""An option that does nothing says so: for each, the sentence and the case in which it is not said."""

import importlib
import types

import numpy as np
import pytest

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.source import Table, unlabeled
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.idle import warn_of_idle_options
from affect_jax.experiment.predict import Finding
from affect_jax.types import Source
from configs import base, quickstart

ALL = ("valence_arousal", "emotion", "landmarks")


class Faces(types.SimpleNamespace):
    """A source of two faces with labels of some quantities."""

    def __init__(self, *labeled):
        labels = unlabeled(2, "affectnet_8", ALL)
        for name in labeled:
            labels[name].weight[:] = 1
        table = Table(["a", "b"], ["", ""], ["", ""], np.zeros(2, np.int64), np.zeros(2), labels)
        super().__init__(label_set="affectnet_8", examples=table)

    def image(self, index):
        raise AssertionError("no image is needed")


def said(changes, *parts, variant="static"):
    """The sentences for the quickstart's config with these changes."""
    assert all(isinstance(part, Source) for part in parts)
    config = quickstart.get_config(variant)
    config.update_from_flattened_dict(changes)
    if len(parts) > 1:
        config.data.train.synthetic = base.data_set("rendered")
    warn_of_idle_options(parse(config), parts)


CASES = [  # options, quantities that the training data label, what is said
    (
        {"task.emotion_weight": 0.5},
        ("valence_arousal",),
        "task.emotion_weight is 0.5, which has no effect: no training",
    ),
    ({"task.class_weights": (1.0,) * 8}, ("valence_arousal",), "task.class_weights is (1.0, 1.0"),
    ({"task.emotion_weight": 0.0, "task.label_smoothing": 0.1}, ALL, "no effect: task.emotion_weight is 0"),
    ({"task.mixing": "fixed"}, ("emotion",), "task.mixing is 'fixed', which has no effect"),
    (
        {"optimizer.drops": (0.5,)},
        ALL,
        "optimizer.drops is (0.5,), which has no effect: optimizer.schedule is 'cosine'",
    ),
    ({"task.ccc_memory": 4}, ("emotion",), "no training example has a label of valence_arousal"),
    ({"task.landmark_weight": 100.0}, ("emotion",), "no training example has a label of landmarks"),
    ({"task.teacher_weight": 0.5}, ALL, "task.teacher_weight is 0.5, which has no effect: there is no task.teacher"),
    ({"task.teacher": "runs/t", "task.teacher_weight": 0.0}, ALL, "no effect: task.teacher_weight is 0"),
    ({"crop.side_ratio": 1.4}, ("emotion",), "crop.side_ratio is 1.4, which has no effect: no face of the training"),
    ({"model.head.rank": 0, "model.head.form": "tt"}, ALL, "model.head.form is 'tt', which has no effect"),
    ({"model.head.rank": 0, "model.head.component_dropout": 0.1}, ALL, "which keeps the kernels dense"),
    ({"data.train.rendered.weight": 2.0}, ALL, "data.train.rendered.weight is 2.0, which has no effect: there is only"),
    ({"evaluations.validation.weight": 2.0}, ALL, "evaluations.validation.weight is 2.0, which has no effect"),
]


@pytest.mark.parametrize("changes, labeled, sentence", CASES)
def test_an_option_without_effect_is_named_with_the_reason(changes, labeled, sentence, caplog):
    said(changes, Faces(*labeled))
    assert sentence in caplog.text


EFFECTIVE = [
    {"task.emotion_weight": 0.5, "task.label_smoothing": 0.1, "task.mixing": "fixed", "task.landmark_weight": 100.0},
    {"task.teacher": "runs/t", "task.teacher_weight": 0.5, "task.teacher_temperature": 2.0},
    {"crop.side_ratio": 1.4, "model.head.form": "tt", "model.head.rank": 8, "data.balanced": 1.0},
]


@pytest.mark.parametrize("changes", EFFECTIVE)
def test_options_with_an_effect_are_not_mentioned(changes, caplog):
    said(changes, Faces(*ALL))
    assert not caplog.records


def test_time_layers_that_are_not_there_have_no_form(caplog):
    changes = {"model.time.layers": (), "model.time.form": "dense", "model.time.kernel": 5}
    said(changes, Faces(*ALL), variant="clip")
    assert "model.time.form is 'dense', which has no effect: model.time.layers is empty" in caplog.text
    assert "model.time.kernel is 5" in caplog.text


def test_balance_and_weights_of_several_data_sets(caplog):
    said({"data.balanced": 1.0, "data.train.rendered.weight": 2.0}, Faces(*ALL), Faces("valence_arousal"))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "data.balanced is 1.0, which has no effect: data.train.synthetic has no emotion labels"


def test_augmentation_of_pixels_for_a_network_of_landmarks():
    off = AugmentConfig(brightness=0.0, contrast=0.0, saturation=0.0, tint=0.0)
    on = AugmentConfig(gray_probability=0.2)
    assert off.idle("landmarks") == {} and on.idle("images") == {}
    assert on.idle("landmarks")["gray_probability"] == "the network takes landmarks"
    assert "flip_probability" not in on.idle("landmarks") and "flip_probability" in on.idle("features")


@pytest.mark.parametrize("name", ["affectnet", "clips", "quickstart", "real_faces"])
def test_the_shipped_configs_have_no_option_without_effect(name, caplog):
    module = importlib.import_module(f"configs.{name}")
    for variant in module.VARIANTS:
        options = parse(module.get_config(variant))
        labeled = ALL if options.predicts_affect else ("landmarks",)
        warn_of_idle_options(options, [Faces(*labeled)] * len(options.data.train))
    assert not caplog.records


def test_a_face_model_for_whole_frames_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"--face_model=m.task has no effect with --faces=whole_frame"):
        Finding("whole_frame", "m.task")
