"""Two records are equal in every bit, or their first difference is named."""

import shutil

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.experiment.selftest.compare import Record, first_difference, record
from affect_jax.nn.network import Network
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.state import create_state

NETWORK = Network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
STATE = create_state(NETWORK, optax.adam(0.1), NETWORK.initial(jax.random.key(0)))


def write(workdir, change=lambda leaf: leaf, position=8):
    checkpoints = Checkpoints(workdir, "score")
    checkpoints.save(
        jax.tree.map(lambda leaf: change(leaf) if leaf.dtype == np.float32 else leaf, STATE), {"n": position}
    )
    checkpoints.close()
    (workdir / "metrics.jsonl").write_text('{"step": 2, "train/loss": 0.5, "seconds": 1.0}\n{"step": 4, "e": NaN}\n')
    return workdir


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("whole"))


def test_records_of_the_same_state_are_equal_whatever_the_bytes_of_the_files(whole, tmp_path):
    one, other = record(whole), record(write(tmp_path))
    assert first_difference(one, other) == ""
    arrays = [name for name in one.hashes if "'" in name]
    assert len(arrays) == len(jax.tree.leaves((STATE.variables, STATE.opt_state)))
    assert len(one.lines) == 2 and "seconds" not in one.lines[0]


def test_the_last_bit_of_one_weight_or_of_the_optimizer_is_found(whole, tmp_path):
    nudged = record(write(tmp_path / "a", lambda leaf: np.nextafter(leaf, np.float32(np.inf))))
    found = first_difference(record(whole), nudged)
    assert found == "checkpoint of step 0, network 'bias' differs"
    moments = [
        name for name in nudged.hashes if "optimizer" in name and nudged.hashes[name] != record(whole).hashes[name]
    ]
    assert len(moments) == 4  # both moments of kernel and bias; not the count


def test_another_position_in_the_data_is_found(whole, tmp_path):
    moved = record(write(tmp_path, position=9))
    assert first_difference(record(whole), moved) == "checkpoint of step 0, data differs"


def test_the_first_line_that_differs_is_named_and_undefined_values_are_equal(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    path = tmp_path / "run" / "metrics.jsonl"
    path.write_text(path.read_text().replace("0.5", "0.25").replace("1.0", "9.0"))
    found = first_difference(record(whole), record(tmp_path / "run"))
    assert found == "metrics.jsonl, line 1: train/loss is 0.5 uninterrupted and 0.25 killed"
    path.write_text("".join(f"{line}\n" for line in (whole / "metrics.jsonl").read_text().splitlines()[:1]))
    found = first_difference(record(whole), record(tmp_path / "run"))
    assert found == "metrics.jsonl has 2 lines uninterrupted and 1 killed"


def test_a_line_or_a_checkpoint_that_one_run_lacks_is_named():
    line, place = {"step": 2, "a": 1.0}, "step 2, network 'kernel'"
    assert first_difference(Record([line], {}), Record([{"step": 2}], {})) == (
        "metrics.jsonl, line 1: a is 1.0 uninterrupted and missing killed"
    )
    assert first_difference(Record([line], {place: "1"}), Record([line], {})) == (
        f"checkpoint of {place} is missing in the killed run"
    )
