"""Advice about a checkpoint that cannot be read depends on whether somebody is writing there."""

import pytest

from affect_jax.train.damage import LOCK, DamagedCheckpoint, convert_errors


def message(tmp_path, step=8):
    with pytest.raises(DamagedCheckpoint) as refused, convert_errors(tmp_path / "checkpoints", step, [4, 8]):
        raise ValueError("cut short")
    return str(refused.value)


def test_a_damaged_checkpoint_may_be_removed_if_nobody_writes_there(tmp_path):
    (tmp_path / "checkpoints" / "8").mkdir(parents=True)
    assert message(tmp_path).endswith("remove that folder, and the checkpoint of step 4 will be used")


def test_a_checkpoint_of_a_training_that_is_under_way_is_read_again_not_removed(tmp_path):
    (tmp_path / "checkpoints" / "8").mkdir(parents=True)
    (tmp_path / LOCK).touch()
    advice = "a training that is under way there may have replaced it meanwhile: run the same command again"
    for step in (8, None):
        assert message(tmp_path, step).endswith(advice) and "remove" not in message(tmp_path, step)


def test_a_checkpoint_that_is_gone_was_replaced(tmp_path):
    assert "run the same command again" in message(tmp_path)
