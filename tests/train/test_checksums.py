"""A changed byte in any file of a checkpoint is reported with the file and a way out, before a value is read."""

import json
import re
import shutil

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.nn.network import Network, names
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.checksums import NAME
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state

NETWORK = Network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
STATE = create_state(NETWORK, optax.adam(0.1), NETWORK.initial(jax.random.key(0)))


def at(step: int):
    return jax.tree.map(lambda leaf: leaf + step, STATE)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Checkpoints of steps 1, which is the best, and 2."""
    workdir = tmp_path_factory.mktemp("original")
    checkpoints = Checkpoints(workdir, "score")
    for step in (1, 2):
        checkpoints.save(at(step), {"epoch": step}, {"score": -float(step)}, {"steps": step})
    checkpoints.close()
    return workdir


@pytest.fixture
def workdir(original, tmp_path):
    shutil.copytree(original / "checkpoints", tmp_path / "checkpoints")
    return tmp_path


def read_all(workdir, step: int = 2) -> None:
    checkpoints = Checkpoints(workdir, "score")
    checkpoints.restore(jax.eval_shape(lambda: STATE), Placement.single())
    checkpoints.restore_arrays(Placement.single(), step)
    checkpoints.certificate(step)
    checkpoints.close()


def change_byte(path, place: float = 0.5) -> None:
    data = bytearray(path.read_bytes()) or bytearray(1)
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)


def test_a_changed_byte_in_any_file_is_named_with_its_checkpoint_and_a_way_out(workdir):
    folder = workdir / "checkpoints" / "2"
    files = [path for path in folder.glob("*/**/*") if path.is_file()]
    items = {path.relative_to(folder).parts[0] for path in files}
    assert items == {"network", "optimizer", "data", "metrics", "certificate"}
    for path in files:
        whole = path.read_bytes()
        change_byte(path)
        with pytest.raises(DamagedCheckpoint) as refused:
            read_all(workdir)
        assert str(refused.value) == (
            f"the checkpoint {folder} cannot be read: one of its files is missing, truncated or damaged "
            f"({path.relative_to(folder)} does not match its checksum); "
            "remove that folder, and the checkpoint of step 1 will be used"
        )
        path.write_bytes(whole)
    read_all(workdir)


@pytest.mark.parametrize("place", [0.0, 0.25, 0.75, 1.0])
def test_a_changed_weight_is_not_read_and_the_checkpoint_before_is_used_once_the_damaged_one_is_removed(workdir, place):
    for path in (workdir / "checkpoints" / "1" / "network" / "ocdbt.process_0" / "d").iterdir():
        change_byte(path, place)
    with pytest.raises(DamagedCheckpoint, match=r"/1 cannot be read.*remove that folder, and the checkpoint of step 2"):
        Checkpoints(workdir, "score").restore_variables(NETWORK, Placement.single())
    shutil.rmtree(workdir / "checkpoints" / "1")
    found = names(Checkpoints(workdir, "score").restore_variables(NETWORK, Placement.single()))
    for name, array in names(at(2).variables).items():
        np.testing.assert_array_equal(found[name], array)


def test_damage_that_only_a_resumed_training_would_read_does_not_stop_an_evaluation(workdir):
    change_byte(workdir / "checkpoints" / "1" / "optimizer" / "_sharding")
    found = names(Checkpoints(workdir, "score").restore_variables(NETWORK, Placement.single()))
    for name, array in names(at(1).variables).items():
        np.testing.assert_array_equal(found[name], array)


def test_a_changed_score_does_not_choose_another_checkpoint(workdir):
    scores = workdir / "checkpoints" / "2" / "metrics" / "metrics"
    scores.write_text(scores.read_text().replace("-2.0", "2.0"))
    assert json.loads(scores.read_text()) == {"score": 2.0}
    with pytest.raises(DamagedCheckpoint, match="/2 cannot be read.*metrics/metrics does not match its checksum"):
        Checkpoints(workdir, "score")


def test_a_missing_file_and_damaged_checksums_are_named(workdir):
    folder = workdir / "checkpoints" / "2"
    (folder / "network" / "_METADATA").unlink()
    with pytest.raises(DamagedCheckpoint, match=r"/2 cannot be read.*\(network/_METADATA is missing\)"):
        read_all(workdir)
    content = (folder / NAME).read_text()
    checksum = json.loads(content)["files"]["network/manifest.ocdbt"]
    (folder / NAME).write_text(content.replace(checksum, checksum[::-1]))
    with pytest.raises(DamagedCheckpoint, match=re.escape(f"({NAME} does not match its own checksum)")):
        read_all(workdir)
    (folder / NAME).write_text(content[:100])
    with pytest.raises(DamagedCheckpoint, match=r"/2 cannot be read: .*remove that folder"):
        read_all(workdir)


def test_a_checkpoint_without_checksums_is_read(workdir):
    for path in (workdir / "checkpoints").glob(f"*/{NAME}"):
        path.unlink()
    read_all(workdir)
    found = names(Checkpoints(workdir, "score").restore_variables(NETWORK, Placement.single(), 2))
    for name, array in names(at(2).variables).items():
        np.testing.assert_array_equal(found[name], array)
