"""A trained run in one line: what it says of itself, also as a copy, and what cannot be loaded."""

import shutil

import jax
import pytest
from flax import nnx

from affect_jax import load
from affect_jax.experiment.restore import restore_run


def test_a_model_says_what_it_is(static_run):
    model = load(static_run)
    _, network, variables, step = restore_run(static_run)
    assert repr(model).splitlines()[0] == f"Model static@{step}" and model.name == f"static@{step}"
    weights = jax.tree.leaves(nnx.state(network.module(variables), nnx.Param))
    assert f"  network     emonet, {sum(each.size for each in weights):,} parameters, image by image" in repr(model)
    assert "quantities  valence_arousal, emotion\n" in repr(model)
    assert "labels      affectnet_8: neutral, happy, sad, " in repr(model)
    assert repr(model).endswith("crop        landmark_square warp=antialiased side_ratio=1.8182 crop_px=32")
    assert model.emotions[:2] == ("neutral", "happy") and model.quantities == ("valence_arousal", "emotion")


def test_a_copy_elsewhere_is_the_same_model(static_run, tmp_path):
    shutil.copytree(static_run, tmp_path / "a copy")
    assert repr(load(str(tmp_path / "a copy"))).partition("\n")[2] == repr(load(static_run)).partition("\n")[2]


def test_what_cannot_be_loaded_is_a_sentence(tmp_path, static_run):
    with pytest.raises(FileNotFoundError, match=f"^no folder {tmp_path}/none; give the workdir of a trained network"):
        load(tmp_path / "none")
    with pytest.raises(ValueError, match="is not a workdir: it has no config.json"):
        load(tmp_path)
    shutil.copy(static_run / "config.json", tmp_path)
    with pytest.raises(ValueError, match="holds no checkpoint yet"):
        load(tmp_path)
    with pytest.raises(ValueError, match="--flip_average names valence; choose from valence_arousal, emotion"):
        load(static_run, flip_average=["valence"])
