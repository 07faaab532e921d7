"""Data prepared beforehand is what training reads, and nothing is read from its origin again."""

import numpy as np
import pytest

from affect_jax.data.registry import READERS
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import open_training_source
from affect_jax.experiment.prepare_data import prepare_data


def test_training_takes_prepared_data_without_its_reader(miniature, tmp_path, monkeypatch):
    config = miniature(tmp_path)
    config.data.store = ""
    direct = open_training_source(options.parse(config), tmp_path)
    config.data.store = str(tmp_path / "deep" / "store")
    faces = prepare_data(config)
    assert faces == {"train.rendered": len(direct.examples), "evaluations.validation": 8}
    monkeypatch.setitem(READERS, "rendered", (None, READERS["rendered"][1]))  # cannot be called any more
    assert prepare_data(config) == faces
    stored = open_training_source(options.parse(config), tmp_path)
    for index in range(len(direct.examples)):
        np.testing.assert_array_equal(stored.image(index), direct.image(index))


def test_without_a_store_nothing_would_be_kept(miniature, tmp_path):
    config = miniature(tmp_path)
    config.data.store = ""
    with pytest.raises(UsageError, match="data.store is empty, so nothing would be kept; set --config.data.store=DIR"):
        prepare_data(config)
