"""Sweeps whose trials are imitated, so that they take moments, and people whose features are made up."""

import pathlib
import sys

import pytest
from imitated_people import METHODS, people

from affect_jax.experiment.study import child, table
from affect_jax.personal import registry
from affect_jax.personal.stored import write_features

IMITATION = pathlib.Path(__file__).with_name("imitated_training.py")


@pytest.fixture
def imitated(monkeypatch) -> None:
    """Trains by imitated_training.py, and counts no costs."""
    monkeypatch.setattr(child, "command", lambda _, *words: [sys.executable, str(IMITATION), *words])
    monkeypatch.setattr(child, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(table.costs, "network_costs", lambda _: {})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """(sources, targets) of two seeds."""
    root = tmp_path_factory.mktemp("people")
    for seed in range(2):
        for name, split in (("sources", "train"), ("targets", "test")):
            write_features(people(split, seed), root / f"{name}_{seed}")
    return [root / f"sources_{seed}" for seed in range(2)], [root / f"targets_{seed}" for seed in range(2)]


@pytest.fixture(scope="module")
def methods():
    """Three small methods instead of all, which tests/personal covers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in set(registry.METHODS) - set(METHODS):
            patch.delitem(registry.METHODS, name)
        for name, method in METHODS.items():
            patch.setitem(registry.METHODS, name, method)
        yield METHODS
