"""Values that make no sense are refused by the name of their option, before anything runs."""

import math

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from configs import base, quickstart

NONSENSE = {
    "batch_size": [0, -1],
    "seed": [-1, 2**32],
    "train.steps": [-1],
    "train.log_every": [0],
    "train.evaluate_every": [0, -5],
    "train.checkpoint_minutes": [-1.0, math.nan, math.inf],
    "optimizer.learning_rate": [0.0, -1e-3, math.nan, math.inf],
    "optimizer.weight_decay": [-0.1, math.inf],
    "optimizer.warmup_steps": [-1],
    "data.frames": [-1],
    "data.hop": [-1, 17],
    "data.balanced": [-0.5, 1.5, math.nan],
    "data.max_skipped_fraction": [-0.1, 2.0],
    "data.windows.every": [0],
    "data.train.rendered.frames": [0],
    "data.train.rendered.fps": [0.0, -1.0, math.nan],
    "data.train.rendered.subjects": [0],
    "data.train.rendered.weight": [0.0, math.inf],
    "data.train.rendered.fold.of": [0],
    "augment.rotation_degrees": [-1.0],
    "augment.scale": [1.0, -0.1],
    "augment.flip_probability": [1.5],
    "crop.side_ratio": [0.0, math.nan],
    "crop.warp": ["bilinear"],
    "model.head.rank": [-1],
    "task.emotion_weight": [-1.0, math.nan],
}
CASES = [(name, value) for name, values in NONSENSE.items() for value in values]


@pytest.mark.parametrize("name, value", CASES)
def test_a_value_out_of_range_is_refused_with_the_name_of_its_option(name, value):
    config = quickstart.get_config("clip")
    config.update_from_flattened_dict({name: value})
    with pytest.raises(UsageError) as refused:
        parse(config)
    message = str(refused.value)
    assert name.rpartition(".")[2] in message and str(value) in message
    assert name.partition(".")[0] in message


@pytest.mark.parametrize(("name", "value"), [("root", ""), ("box_side_ratio", 0.0), ("max_skipped_fraction", -1.0)])
def test_an_option_of_a_reader_out_of_range_is_refused(name, value):
    config = quickstart.get_config("static")
    config.data.train.faces = base.data_set("affectnet", root="D")
    config.data.train.faces[name] = value
    with pytest.raises(UsageError, match=rf"data\.train\.faces.*{name} is"):
        parse(config)


def test_a_tilde_is_expanded_in_every_path_of_a_config(monkeypatch):
    monkeypatch.setenv("HOME", "/home/user")
    config = quickstart.get_config("static")
    config.data.train.faces = base.data_set("affectnet", root="~/AffectNet", images="~/images")
    config.data.store, config.initialize.workdir, config.task.teacher = "~/store", "~/runs/landmarks", "~"
    options = parse(config)
    assert options.data.train["faces"].options.root == "/home/user/AffectNet"
    assert options.data.train["faces"].options.images == "/home/user/images"
    assert options.data.store == "/home/user/store" and options.teacher == "/home/user"
    assert options.initialize.workdir == "/home/user/runs/landmarks"
    config.data.store = "~nobody-here/x"
    with pytest.raises(UsageError, match="~nobody-here/x is in an unknown home folder"):
        parse(config)
