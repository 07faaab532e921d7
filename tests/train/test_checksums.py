"""A changed byte in any file of a checkpoint is reported with the file and a way out, before a value is read."""

import json
import re
import shutil

import jax
import numpy as np
import pytest
from checkpoint_pair import NETWORK, STATE, change_byte, state_of

from affect_jax.nn.network import names
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.checksums import NAME
from affect_jax.train.damage import DamagedCheckpoint
from affect_jax.train.placement import Placement


def read_all(pair, step: int = 2) -> None:
    checkpoints = Checkpoints(pair, "score")
    checkpoints.restore(jax.eval_shape(lambda: STATE), Placement.single())
    checkpoints.restore_arrays(Placement.single(), step)
    checkpoints.certificate(step)
    checkpoints.close()


def test_a_changed_byte_in_any_file_is_named_with_its_checkpoint_and_a_way_out(pair):
    folder = pair / "checkpoints" / "2"
    files = [path for path in folder.glob("*/**/*") if path.is_file()]
    items = {path.relative_to(folder).parts[0] for path in files}
    assert items == {"network", "optimizer", "data", "metrics", "certificate"}
    for path in files:
        whole = path.read_bytes()
        change_byte(path)
        with pytest.raises(DamagedCheckpoint) as refused:
            read_all(pair)
        assert str(refused.value) == (
            f"the checkpoint {folder} cannot be read: one of its files is missing, truncated or damaged "
            f"({path.relative_to(folder)} does not match its checksum); "
            "remove that folder, and the checkpoint of step 1 will be used"
        )
        path.write_bytes(whole)
    read_all(pair)


@pytest.mark.parametrize("place", [0.0, 0.25, 0.75, 1.0])
def test_a_changed_weight_is_not_read_and_the_checkpoint_before_is_used_once_the_damaged_one_is_removed(pair, place):
    for path in (pair / "checkpoints" / "1" / "network" / "ocdbt.process_0" / "d").iterdir():
        change_byte(path, place)
    with pytest.raises(DamagedCheckpoint, match=r"/1 cannot be read.*remove that folder, and the checkpoint of step 2"):
        Checkpoints(pair, "score").restore_variables(NETWORK, Placement.single())
    shutil.rmtree(pair / "checkpoints" / "1")
    found = names(Checkpoints(pair, "score").restore_variables(NETWORK, Placement.single()))
    for name, array in names(state_of(2).variables).items():
        np.testing.assert_array_equal(found[name], array)


def test_damage_that_only_a_resumed_training_would_read_does_not_stop_an_evaluation(pair):
    change_byte(pair / "checkpoints" / "1" / "optimizer" / "_sharding")
    found = names(Checkpoints(pair, "score").restore_variables(NETWORK, Placement.single()))
    for name, array in names(state_of(1).variables).items():
        np.testing.assert_array_equal(found[name], array)


def test_a_changed_score_does_not_choose_another_checkpoint(pair):
    scores = pair / "checkpoints" / "2" / "metrics" / "metrics"
    scores.write_text(scores.read_text().replace("-2.0", "2.0"))
    assert json.loads(scores.read_text()) == {"score": 2.0}
    with pytest.raises(DamagedCheckpoint, match="/2 cannot be read.*metrics/metrics does not match its checksum"):
        Checkpoints(pair, "score")


def test_a_missing_file_and_damaged_checksums_are_named(pair):
    folder = pair / "checkpoints" / "2"
    (folder / "network" / "_METADATA").unlink()
    with pytest.raises(DamagedCheckpoint, match=r"/2 cannot be read.*\(network/_METADATA is missing\)"):
        read_all(pair)
    content = (folder / NAME).read_text()
    checksum = json.loads(content)["files"]["network/manifest.ocdbt"]
    (folder / NAME).write_text(content.replace(checksum, checksum[::-1]))
    with pytest.raises(DamagedCheckpoint, match=re.escape(f"({NAME} does not match its own checksum)")):
        read_all(pair)
    (folder / NAME).write_text(content[:100])
    with pytest.raises(DamagedCheckpoint, match=r"/2 cannot be read: .*remove that folder"):
        read_all(pair)


def test_a_checkpoint_without_checksums_is_read(pair):
    for path in (pair / "checkpoints").glob(f"*/{NAME}"):
        path.unlink()
    read_all(pair)
    found = names(Checkpoints(pair, "score").restore_variables(NETWORK, Placement.single(), 2))
    for name, array in names(state_of(2).variables).items():
        np.testing.assert_array_equal(found[name], array)
