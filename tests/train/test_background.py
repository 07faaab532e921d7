"""A write that fails in the background, after the save has returned: no later one is skipped, nothing good is lost."""

import errno

import jax
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.nn.network import Network, names
from affect_jax.train import background, checkpoint
from affect_jax.train.background import UNFINISHED, NotWritten
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.manager import REMOVED
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state

NETWORK = Network(lambda rngs: nnx.Linear(3, 2, rngs=rngs))
STATE = create_state(NETWORK, optax.adam(0.1), NETWORK.initial(jax.random.key(0)))


def save(checkpoints, step, **options):
    checkpoints.save(jax.tree.map(lambda leaf: leaf + step, STATE), {"number": step}, **options)


def on_disk(workdir):
    return sorted(folder.name for folder in (workdir / "checkpoints").iterdir())


def assert_latest_is_whole(workdir, step):
    checkpoints = Checkpoints(workdir, "score")
    state, position = checkpoints.restore(jax.eval_shape(lambda: STATE), Placement.single())
    checkpoints.close()
    assert int(state.step) == step == position["number"]
    for name, array in names(state.variables).items():
        np.testing.assert_array_equal(array, names(STATE.variables)[name] + step)


@pytest.fixture
def failing(monkeypatch):
    """Makes the background half of the writes of some steps fail, after their arrays are written."""
    left = {}
    write = checkpoint.write_checksums

    def fail(folder):
        step = int(folder.name.partition(".")[0])
        if left.get(step):
            code = left[step].pop(0)
            raise OSError(code, "injected")
        write(folder)

    monkeypatch.setattr(checkpoint, "write_checksums", fail)
    return left


def test_a_failed_write_costs_itself_alone(tmp_path, failing):
    failing[2] = [errno.EIO]
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1, scores={"score": 5.0})
    save(checkpoints, 2)
    save(checkpoints, 3)
    checkpoints.close()
    assert on_disk(tmp_path) == ["1", "3"]
    assert_latest_is_whole(tmp_path, 3)
    assert Checkpoints(tmp_path, "score").best_step() == 1


def test_the_step_whose_write_failed_can_be_saved_again(tmp_path, failing, caplog):
    failing[2] = [errno.EIO]
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    save(checkpoints, 2)
    save(checkpoints, 2)
    checkpoints.close()
    assert_latest_is_whole(tmp_path, 2)
    assert (
        f"{tmp_path}/checkpoints/2 could not be written ([Errno 5] injected); the checkpoints before it" in caplog.text
    )


def test_the_last_write_of_a_run_is_repeated(tmp_path, failing):
    failing[2] = [errno.EIO]
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    save(checkpoints, 2)
    checkpoints.close()
    assert on_disk(tmp_path) == ["2"]
    assert_latest_is_whole(tmp_path, 2)


def test_two_failures_in_a_row_end_the_run_and_what_was_saved_before_stays(tmp_path, failing):
    failing.update({2: [errno.EIO], 3: [errno.EIO]})
    checkpoints = Checkpoints(tmp_path, "score")
    for step in (1, 2, 3):
        save(checkpoints, step)
    message = r"/3 could not be written, nor the checkpoint before it \(\[Errno 5\] injected\); the checkpoints written"
    with pytest.raises(NotWritten, match=message):
        save(checkpoints, 4)
    checkpoints.abandon()
    assert on_disk(tmp_path) == ["1"]
    assert_latest_is_whole(tmp_path, 1)


def test_a_success_between_two_failures_forgives_the_first(tmp_path, failing):
    failing.update({2: [errno.EIO], 4: [errno.EIO]})
    checkpoints = Checkpoints(tmp_path, "score")
    for step in (1, 2, 3, 4, 5):
        save(checkpoints, step)
    checkpoints.close()
    assert_latest_is_whole(tmp_path, 5)


def test_a_full_disk_is_not_tried_again(tmp_path, failing):
    failing[2] = [errno.ENOSPC]
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    save(checkpoints, 2)
    with pytest.raises(OSError, match="injected") as raised:
        save(checkpoints, 3)
    assert raised.value.errno == errno.ENOSPC
    checkpoints.abandon()
    assert on_disk(tmp_path) == ["1"]


def test_one_of_several_processes_may_not_go_on_alone(tmp_path, failing, monkeypatch):
    failing[1] = [errno.EIO]
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    monkeypatch.setattr(background, "process_count", lambda: 2)
    with pytest.raises(OSError, match="injected"):
        checkpoints.close()


def test_a_checkpoint_that_is_no_longer_kept_loses_its_name_before_its_files(tmp_path):
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    checkpoints._manager.wait_until_finished()
    before = {path.name for path in (tmp_path / "checkpoints" / "1" / "network").iterdir()}
    assert "manifest.ocdbt" in before
    save(checkpoints, 2)
    checkpoints._manager.wait_until_finished()
    assert on_disk(tmp_path) == ["2", REMOVED]
    removed = tmp_path / "checkpoints" / REMOVED / "1"
    assert {path.name for path in (removed / "network").iterdir()} == before
    (removed / "network" / "manifest.ocdbt").unlink()  # where a kill would stop
    assert_latest_is_whole(tmp_path, 2)
    save(checkpoints, 3)
    checkpoints.close()
    assert on_disk(tmp_path) == ["3"]


def test_folders_left_by_a_killed_process_block_no_save_and_no_restore(tmp_path):
    checkpoints = Checkpoints(tmp_path, "score")
    save(checkpoints, 1)
    checkpoints.close()
    for name in (f"2{UNFINISHED}", f"2{UNFINISHED}-1234", f"metrics{UNFINISHED}"):
        (tmp_path / "checkpoints" / name / "network").mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "network" / "half").write_text("half")
    assert_latest_is_whole(tmp_path, 1)
    checkpoints = Checkpoints(tmp_path, "score")
    assert checkpoints.latest_step() == 1
    save(checkpoints, 2)
    checkpoints.close()
    assert_latest_is_whole(tmp_path, 2)
    checkpoints.remove_unfinished()
    assert on_disk(tmp_path) == ["2"]


def test_scores_that_come_later_choose_the_best_checkpoint_and_are_verified(tmp_path):
    checkpoints = Checkpoints(tmp_path, "-score")
    save(checkpoints, 1, scores={"score": 0.5})
    save(checkpoints, 2)
    assert checkpoints.has_scores(1) and not checkpoints.has_scores(2) and checkpoints.best_step() == 1
    (tmp_path / "checkpoints" / f"metrics{UNFINISHED}").mkdir()  # left by a process that was killed here
    checkpoints.add_scores(2, {"score": 0.25, "other": 9.0})
    assert checkpoints.best_step() == 2
    save(checkpoints, 3, scores={"score": 0.4})
    checkpoints.close()
    assert on_disk(tmp_path) == ["2", "3"]
    assert Checkpoints(tmp_path, "-score").best_step() == 2
