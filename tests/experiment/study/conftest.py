"""Sweeps whose trials are imitated, so that they take moments."""

import pathlib
import sys

import pytest

from affect_jax.experiment.study import child, table

IMITATION = pathlib.Path(__file__).with_name("imitated_training.py")


@pytest.fixture
def imitated(monkeypatch) -> None:
    """Trains by imitated_training.py, and counts no costs."""
    monkeypatch.setattr(child, "command", lambda _, *words: [sys.executable, str(IMITATION), *words])
    monkeypatch.setattr(child, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(table.costs, "network_costs", lambda _: {})
