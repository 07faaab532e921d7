"""A damaged latest checkpoint makes way for the one before it; without one, nothing is moved."""

import shutil

import pytest
from checkpoint_pair import change_byte

from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.checksums import NAME
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.set_aside import set_aside_damaged


def damaged_files(pair, step):
    folder = pair / "checkpoints" / str(step)
    return [folder / NAME, folder / "metrics" / "metrics", folder / "data" / "metadata", *folder.glob("network/_*")]


@pytest.mark.parametrize("place", range(4))
def test_a_damaged_latest_checkpoint_is_moved_and_the_one_before_is_used(pair, place, caplog):
    change_byte(damaged_files(pair, 2)[place])
    set_aside_damaged(pair)
    moved = pair / "damaged" / "2"
    assert f"it was moved to {moved}, and the one of step 1 is used" in caplog.text
    assert Checkpoints(pair, "score").latest_step() == 1 and moved.is_dir()


def test_a_second_damaged_checkpoint_of_a_step_does_not_replace_the_first(pair, whole_pair):
    for _ in range(2):
        change_byte(damaged_files(pair, 2)[0])
        set_aside_damaged(pair)
        shutil.copytree(whole_pair / "checkpoints" / "2", pair / "checkpoints" / "2")
    assert sorted(path.name for path in (pair / "damaged").iterdir()) == ["2", "2-2"]


def test_without_another_checkpoint_nothing_is_moved(pair):
    for step in (1, 2):
        change_byte(damaged_files(pair, step)[1])
    with pytest.raises(DamagedCheckpoint, match=r"/1 is damaged \(metrics/metrics does not match its checksum\), and"):
        set_aside_damaged(pair)
    assert (pair / "checkpoints" / "1").is_dir()


def test_half_a_checkpoint_of_an_earlier_version_is_noticed_without_checksums(pair):
    for path in (pair / "checkpoints").glob(f"*/{NAME}"):
        path.unlink()
    set_aside_damaged(pair)
    assert not (pair / "damaged").exists()
    shutil.rmtree(pair / "checkpoints" / "2" / "optimizer")
    set_aside_damaged(pair)
    assert (pair / "damaged" / "2").is_dir()


def test_whole_checkpoints_and_an_empty_workdir_are_left_alone(pair, tmp_path_factory):
    set_aside_damaged(pair)
    set_aside_damaged(tmp_path_factory.mktemp("empty"))
    assert sorted(path.name for path in pair.iterdir()) == ["checkpoints"]
