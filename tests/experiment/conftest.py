"""Trained runs in miniature, made once for all tests of this folder; tests that break a run copy it first."""

import pathlib
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from affect_jax.experiment.train import train
from affect_jax.personal.adapter_file import Card
from configs import base

TRUNK = {"input_px": 32, "widths": (4, 8, 8), "modules": 1, "depth": 2}
HEAD = {"blocks": 1, "rank": 4}
NOTHING: Mapping = MappingProxyType({})


def small_config(root: pathlib.Path, label_set: str = "affectnet_8", trunk: Mapping = NOTHING, **head):
    """A config of a static network that trains in seconds; its programs are those of test_end_to_end, compiled once."""
    config = base.base()
    config.batch_size, config.label_set, config.frozen = 8, label_set, "trunk/.*"
    config.train.update(steps=4, log_every=2, evaluate_every=2)
    config.optimizer.learning_rate = 1e-2
    config.data.store = str(root / "data")
    config.model = base.model("emonet", trunk={**TRUNK, **trunk}, head={**HEAD, **head})
    config.task = base.task("affect")
    rendered = {"size_px": 48, "subjects": 2, "per_subject": 4}
    config.data.train.rendered = base.data_set("rendered", split="train", **rendered)
    config.evaluations.validation = base.data_set("rendered", split="validation", **rendered)
    return config


@pytest.fixture(scope="session")
def miniature():
    """Makes configs of runs that train in seconds: `miniature(folder, label_set, trunk, **head)`."""
    return small_config


@pytest.fixture(scope="session")
def static_run(tmp_path_factory) -> pathlib.Path:
    """Workdir of a static network with 8 emotions."""
    root = tmp_path_factory.mktemp("miniature")
    assert train(small_config(root), root / "static")
    return root / "static"


@pytest.fixture(scope="session")
def make_card():
    """Makes cards of adapters."""

    def make(person, network_sha256, geometry=None):
        return Card(
            person=person,
            method="prior",
            frames=9,
            seconds=0.4,
            has_neutral=False,
            network="static@4",
            network_sha256=network_sha256,
            geometry=geometry,
        )

    return make
