"""Choices of a prediction that cannot be used."""

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.prediction_flags import read_export, read_ids


def test_choices_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(UsageError, match="participant and task are labels of layout=bids"):
        read_export("csv", "affect_jax", "flat", "01", "")
    with pytest.raises(UsageError, match=r"--hash_key=.*none cannot be read \(No such file or directory\)"):
        read_ids(True, str(tmp_path / "none"))
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(UsageError, match=r"--hash_key=.*key: the key of the hashes has 5 bytes; expected at least 16"):
        read_ids(True, str(tmp_path / "key"))
    assert read_ids(False, None).scheme == ""
