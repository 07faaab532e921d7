"""A network of images joined with experts on its features: equal to the two, usable like any other, or refused."""

import json
import pathlib
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from affect_jax.experiment import features as storing
from affect_jax.experiment import restore
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.derive import inflate, join
from affect_jax.experiment.derive.inflated_config import InflationConfig
from affect_jax.experiment.derive.join import join_experts
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.experiment.network import make_network
from affect_jax.experiment.refuse import check_start, check_trainable
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.models.features import with_features
from affect_jax.nn.network import names
from affect_jax.personal.stored import read_features
from configs import base

pytestmark = pytest.mark.slow  # whole runs

SETTINGS = ["kind=clips", "subjects=3", "per_subject=1", "frames=6", "size_px=48"]


def train_experts(base_run, root, **task):
    """Experts on the features of a network, away from its head; their workdir."""
    for split in ("train", "validation"):
        storing.store_data_set(base_run, "rendered", "", split, SETTINGS, root / split)
    config = base.base()
    config.batch_size = 16
    config.model = base.model("experts", features=8, mixture={"count": 3, "hidden": 4, "top_k": 2})
    config.task = base.task("experts", stage="joint", **task)
    config.initialize.update(rule="head", workdir=str(base_run))
    config.data.train.sources = base.data_set("features", root=str(root / "train"))
    config.evaluations.validation = base.data_set("features", root=str(root / "validation"))
    config.optimizer.learning_rate = 0.1
    config.train.update(steps=6, log_every=2, evaluate_every=3)
    assert train(config, root / "experts")
    return root / "experts"


@pytest.fixture(scope="module")
def experts_run(static_run, tmp_path_factory):
    return train_experts(static_run, tmp_path_factory.mktemp("experts"))


@pytest.fixture(scope="module")
def joined_run(static_run, experts_run):
    folder = experts_run.parent / "joined"
    join_experts(static_run, experts_run, folder)
    return folder


def predict(workdir, images):
    """Predictions with features of a trained run."""
    _, network, variables, _ = restore.restore_run(workdir)
    return jax.jit(with_features(network).predict)(variables, images)


def test_it_gives_the_values_of_the_experts_and_all_else_as_its_base(static_run, experts_run, joined_run):
    images = jnp.asarray(np.random.default_rng(0).uniform(size=(5, 32, 32, 3)), jnp.float32)
    before, after = predict(static_run, images), predict(joined_run, images)
    experts = predict(experts_run, before["features"])
    assert set(after) == set(before)
    for name in ("emotion", "landmarks", "features"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(after["valence_arousal"], experts["valence_arousal"], rtol=1e-5, atol=1e-6)
    assert np.abs(after["valence_arousal"] - before["valence_arousal"]).max() > 0.01
    assert float(jnp.ptp(experts["experts"], axis=1).max()) > 1e-3, "the experts have not moved apart"


def test_the_note_says_what_was_compared_and_the_parameters_are_counted(static_run, experts_run, joined_run):
    note = json.loads((joined_run / "joining.json").read_text())
    places = {f"{clip}/{name}" for clip in ("random", "rendered") for name in ("emotion", "features", "landmarks")}
    places |= {"random/valence_arousal", "rendered/valence_arousal"}
    folders = {str(experts_run.parent / split) for split in ("train", "validation")}
    assert set(note["differences"]) == places | folders
    assert note["largest_difference"] == max(note["differences"].values()) <= join.TOLERANCE
    assert len(note["subjects"]) == 3
    # three experts of 8 -> 4 -> 2 and a gate 8 -> 3, in place of two rows of the last layer of 4 units
    added = 3 * (8 * 4 + 4 + 4 * 2 + 2) + 8 * 3 + 3 - 2 * (4 + 1)
    assert note["parameters"]["after"] - note["parameters"]["before"] == added


def test_it_is_evaluated_gives_features_and_can_be_trained_on(static_run, joined_run, tmp_path):
    _, summary = evaluate_run(joined_run, "rendered", "", "test", SETTINGS)
    assert np.isfinite(summary["scores"]["ccc/mean"])
    storing.store_data_set(joined_run, "rendered", "", "test", SETTINGS, tmp_path / "features")
    stored = read_features(tmp_path / "features")
    assert stored.features.shape == (18, 8) and stored.head is None
    with pytest.raises(UsageError, match=r"network joined from .*static; to train it further, .*rule=copy"):
        train(claim.read_config(joined_run), joined_run)
    config = claim.read_config(joined_run) | {"initialize": {"rule": "copy", "workdir": str(joined_run)}}
    run = Run(parse(config), tmp_path)
    check_trainable(run)
    check_start(run)
    assert any(name.startswith("head/experts/heads") for name in names(make_network(run.options).abstract.trained))


def test_a_second_call_changes_nothing_and_other_experts_are_refused(static_run, experts_run, joined_run, tmp_path):
    before = (joined_run / "joining.json").read_bytes()
    assert join_experts(static_run, experts_run, joined_run) == json.loads(before)
    copy = tmp_path / "experts"
    shutil.copytree(experts_run, copy)
    with pytest.raises(UsageError, match=r"was made with step \d of .*/experts, now it is step \d of .*; choose"):
        join_experts(static_run, copy, joined_run)
    assert (joined_run / "joining.json").read_bytes() == before


def test_a_clip_network_is_joined_as_well(static_run, tmp_path):
    inflate.inflate_run(static_run, tmp_path / "clip", InflationConfig(time_pool=3, frames=4))
    experts = train_experts(tmp_path / "clip", tmp_path)
    note = join_experts(tmp_path / "clip", experts, tmp_path / "joined")
    assert note["largest_difference"] <= join.TOLERANCE
    clips = jnp.asarray(np.random.default_rng(0).uniform(size=(2, 4, 32, 32, 3)), jnp.float32)
    features = predict(tmp_path / "clip", clips)["features"]
    expected = predict(experts, features)["valence_arousal"]
    np.testing.assert_allclose(predict(tmp_path / "joined", clips)["valence_arousal"], expected, rtol=1e-5, atol=1e-6)


def test_outputs_that_differ_are_not_written(static_run, experts_run, tmp_path, monkeypatch):
    original = join.joined_arrays

    def wrong(base, experts):
        arrays = original(base, experts)
        arrays["head/experts/heads/output_bias"] = arrays["head/experts/heads/output_bias"] + 0.01
        return arrays

    monkeypatch.setattr(join, "joined_arrays", wrong)
    with pytest.raises(ValueError, match=r"differs from .* and .* by 0.01, more than 1e-05; nothing was written"):
        join_experts(static_run, experts_run, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def edit_config(workdir: pathlib.Path, copy: pathlib.Path, change) -> pathlib.Path:
    """A copy of a workdir with another config."""
    shutil.copytree(workdir, copy)
    config = json.loads((copy / "config.json").read_text())
    change(config)
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def test_what_does_not_belong_together_is_refused(static_run, experts_run, joined_run, tmp_path, miniature):
    with pytest.raises(UsageError, match="--from=.*/experts holds a network 'experts', which has no affect head"):
        join_experts(experts_run, experts_run, tmp_path / "new")
    with pytest.raises(UsageError, match="--experts=.*/static holds a network 'emonet'; expected one of model 'e"):
        join_experts(static_run, static_run, tmp_path / "new")
    with pytest.raises(UsageError, match="--from=.*/joined already has 3 experts; give the network without"):
        join_experts(joined_run, experts_run, tmp_path / "new")
    other = miniature(tmp_path)
    other.seed = 1
    assert train(other, tmp_path / "other")
    with pytest.raises(UsageError, match=r"trained on features of static@\d, which is not the network of --from"):
        join_experts(tmp_path / "other", experts_run, tmp_path / "new")
    record = json.loads((experts_run / "experts.json").read_text())
    unknown = edit_config(experts_run, tmp_path / "unknown", lambda config: None)
    (unknown / "experts.json").write_text(json.dumps({**record, "network": None}))
    with pytest.raises(UsageError, match="trained on features of an unknown network"):
        join_experts(static_run, unknown, tmp_path / "new")
    inflate.inflate_run(static_run, tmp_path / "clip", InflationConfig(time_pool=3, frames=4, output_average="warm"))
    with pytest.raises(UsageError, match=r"averages its outputs over frames \(model.time.output_average\)"):
        join_experts(tmp_path / "clip", experts_run, tmp_path / "new")
    assert not (tmp_path / "new").exists()
