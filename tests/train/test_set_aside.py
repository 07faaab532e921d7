"""A damaged latest checkpoint makes way for the one before it; without one, nothing is moved."""

import shutil

import jax
import optax
import pytest
from flax import nnx

from affect_jax.nn.network import Network
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.checksums import NAME
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.set_aside import set_aside_damaged
from affect_jax.train.state import create_state

NETWORK = Network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
STATE = create_state(NETWORK, optax.adam(0.1), NETWORK.initial(jax.random.key(0)))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Checkpoints of steps 1, which is the best, and 2."""
    workdir = tmp_path_factory.mktemp("original")
    checkpoints = Checkpoints(workdir, "score")
    for step in (1, 2):
        checkpoints.save(jax.tree.map(lambda leaf, step=step: leaf + step, STATE), {}, {"score": -float(step)})
    checkpoints.close()
    return workdir


@pytest.fixture
def workdir(original, tmp_path):
    shutil.copytree(original / "checkpoints", tmp_path / "checkpoints")
    return tmp_path


def change_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def damaged_files(workdir, step):
    folder = workdir / "checkpoints" / str(step)
    return [folder / NAME, folder / "metrics" / "metrics", folder / "data" / "metadata", *folder.glob("network/_*")]


@pytest.mark.parametrize("place", range(4))
def test_a_damaged_latest_checkpoint_is_moved_and_the_one_before_is_used(workdir, place, caplog):
    change_byte(damaged_files(workdir, 2)[place])
    set_aside_damaged(workdir)
    moved = workdir / "damaged" / "2"
    assert f"it was moved to {moved}, and the one of step 1 is used" in caplog.text
    assert Checkpoints(workdir, "score").latest_step() == 1 and moved.is_dir()


def test_a_second_damaged_checkpoint_of_a_step_does_not_replace_the_first(workdir, original):
    for _ in range(2):
        change_byte(damaged_files(workdir, 2)[0])
        set_aside_damaged(workdir)
        shutil.copytree(original / "checkpoints" / "2", workdir / "checkpoints" / "2")
    assert sorted(path.name for path in (workdir / "damaged").iterdir()) == ["2", "2-2"]


def test_without_another_checkpoint_nothing_is_moved(workdir):
    for step in (1, 2):
        change_byte(damaged_files(workdir, step)[1])
    with pytest.raises(DamagedCheckpoint, match=r"/1 is damaged \(metrics/metrics does not match its checksum\), and"):
        set_aside_damaged(workdir)
    assert (workdir / "checkpoints" / "1").is_dir()


def test_half_a_checkpoint_of_an_earlier_version_is_noticed_without_checksums(workdir):
    for path in (workdir / "checkpoints").glob(f"*/{NAME}"):
        path.unlink()
    set_aside_damaged(workdir)
    assert not (workdir / "damaged").exists()
    shutil.rmtree(workdir / "checkpoints" / "2" / "optimizer")
    set_aside_damaged(workdir)
    assert (workdir / "damaged" / "2").is_dir()


def test_whole_checkpoints_and_an_empty_workdir_are_left_alone(workdir, tmp_path_factory):
    set_aside_damaged(workdir)
    set_aside_damaged(tmp_path_factory.mktemp("empty"))
    assert sorted(path.name for path in workdir.iterdir()) == ["checkpoints"]
