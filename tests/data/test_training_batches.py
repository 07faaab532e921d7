"""Worker processes: the same batches, one number as the state, and no process left behind or waited for."""

import gc
import json
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import jax
import pytest
from batches import digest, hashes
from noise import NoisyFaces

from affect_jax.data import training_batches as module
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.data.training_rows import Share
from affect_jax.data.windows import WindowConfig
from affect_jax.train.fetch import GRACE_SECONDS, Fetcher
from affect_jax.train.placement import Placement

ROOT = pathlib.Path(__file__).parents[2]
MIXED = AugmentConfig(mixup_alpha=0.5, erase_probability=0.5)
CLIPS = {"frames": 4, "windows": WindowConfig(every=2, start_jitter=2, speed=1.5)}

# Starts a worker, notes SIGTERM, and takes batches for each line that it reads.
TRAINER = """
import multiprocessing, signal, sys

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches

sys.path.insert(0, "tests/reference")
from noise import NoisyFaces

noted = []
signal.signal(signal.SIGTERM, lambda number, frame: noted.append(number))
batches = training_batches(NoisyFaces(30), crop_px=8, batch=8, seed=0, augment=AugmentConfig(), workers=1)
next(batches)
print(*[process.pid for process in multiprocessing.active_children()], flush=True)
for line in sys.stdin:
    for _ in range(8):
        next(batches)
    print(len(noted), "noted, 9 taken", batches.get_state(), flush=True)
"""


@pytest.fixture
def workers():
    """The worker processes that a test has started; those of earlier ones may still be ending."""
    before = {process.pid for process in multiprocessing.active_children()}
    return lambda: [process for process in multiprocessing.active_children() if process.pid not in before]


def stream(source, **options):
    settings = {"crop_px": 8, "batch": 8, "seed": 3, "max_skipped_fraction": 1.0, "augment": MIXED} | options
    return training_batches(source, **settings)


def continued(state, source, count, **options):
    """The hashes of `count` batches after a state, and the state then."""
    batches = stream(source, **options)
    batches.set_state(json.loads(json.dumps(state)))
    found = hashes(batches, count=count)
    state = batches.get_state()
    batches.close()
    return found, state


def test_batches_and_states_are_the_same_for_no_two_and_four_workers(workers):
    """Each number of workers goes on where another stopped, once in a training of two processes."""
    source = NoisyFaces(30, broken=[3, 17])
    start = {"next_index": 0}
    expected, _ = continued(start, source, 8, **CLIPS)
    halves, _ = continued(start, source, 8, share=Share(1, 2), **CLIPS)
    one, state = continued(start, source, 3, workers=2, **CLIPS)
    assert one == expected[:3] and state == {"next_index": 3}
    two, state = continued(state, source, 3, workers=4, share=Share(1, 2), **CLIPS)
    assert two == halves[3:6] and state == {"next_index": 6}
    assert continued(state, source, 2, **CLIPS) == (expected[6:], {"next_index": 8})
    assert _happens(lambda: not workers())


def test_arrays_on_a_device_outlive_the_shared_memory_that_they_came_in():
    """On a CPU, they may be the same memory."""
    batches = stream(NoisyFaces(30), workers=1, crop_px=64)
    kept = [Placement.single().spread(next(batches)) for _ in range(6)]
    batches.close()
    gc.collect()
    for placed, expected in zip(kept, stream(NoisyFaces(30), crop_px=64), strict=False):
        assert digest(jax.device_get(placed.inputs)) == digest(expected.inputs)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2, 4])
@pytest.mark.parametrize("workers", [2, 4])
def test_global_batches_are_the_same_for_each_number_of_workers_and_processes(workers, processes):
    source = NoisyFaces(30, broken=[3, 17])
    for number in range(processes):
        share = Share(number, processes)
        expected, _ = continued({"next_index": 2}, source, 5, share=share)
        assert continued({"next_index": 2}, source, 5, share=share, workers=workers)[0] == expected


def test_a_worker_that_dies_ends_the_run_with_one_clear_error(workers):
    batches = stream(NoisyFaces(30), workers=1)
    next(batches)
    (worker,) = workers()
    worker.kill()
    with pytest.raises(ChildProcessError, match=r"ended with exit code -9 \(-9: stopped, perhaps for lack of memory"):
        for _ in range(9):  # some are ready
            next(batches)
    batches.close()


@pytest.mark.slow
def test_a_worker_that_blocks_holds_up_neither_a_signal_nor_the_end(tmp_path):
    gate = tmp_path / "gate"
    batches = stream(NoisyFaces(30, gate=gate), workers=1)
    expected = hashes(stream(NoisyFaces(30)), count=9)
    assert digest(next(batches)) == expected[0]
    gate.touch()
    with Fetcher(batches) as fetcher:
        taken = 1
        start = time.monotonic()
        while fetcher.next(lambda: True) is not None:  # those that are ready are still taken
            taken, start = taken + 1, time.monotonic()
        assert taken < 9 and time.monotonic() - start < GRACE_SECONDS + 2
        start = time.monotonic()
        batches.close()
        assert time.monotonic() - start < module.CLOSING_SECONDS + 2
    gate.unlink()


def test_signals_are_left_to_the_trainer_and_its_death_ends_the_workers():
    trainer = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", TRAINER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        worker = int(trainer.stdout.readline())
        os.killpg(trainer.pid, signal.SIGTERM)  # as Slurm does
        os.kill(worker, signal.SIGINT)
        trainer.stdin.write("\n")
        trainer.stdin.flush()
        assert trainer.stdout.readline() == "1 noted, 9 taken {'next_index': 9}\n"
    finally:
        os.kill(trainer.pid, signal.SIGKILL)
        trainer.communicate()
    assert _happens(lambda: not _runs(worker))


def _happens(condition, seconds=60) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_threads_stay_the_default_and_start_no_process(workers):
    batches = stream(NoisyFaces(30))
    next(batches)
    assert not workers()
    batches.close()
    with pytest.raises(ValueError, match="closed"):
        next(batches)


@pytest.mark.parametrize("state", [{"last_seen_indices": {"0": 7}}, {module.NUMBER: -1}, {module.NUMBER: "8"}, {}])
def test_a_position_in_other_data_is_refused(state):
    batches = stream(NoisyFaces(30))
    message = r"the position in the data is \{.*\}; expected the number of batches taken, as \{'next_index': 8\}: the"
    with pytest.raises(ValueError, match=message):
        batches.set_state(state)
    assert batches.get_state() == {module.NUMBER: 0}
    batches.close()


# Waits for a batch that never comes, notes SIGTERM, and ends as training does.
BLOCKED = """
import signal, sys

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.train.fetch import Fetcher

sys.path.insert(0, "tests/reference")
from noise import NoisyFaces

noted = []
signal.signal(signal.SIGTERM, lambda number, frame: noted.append(number))
source = NoisyFaces(30, gate=sys.argv[1])
batches = training_batches(source, crop_px=8, batch=8, seed=0, augment=AugmentConfig())
with Fetcher(batches) as fetcher:
    print("waiting", flush=True)
    assert fetcher.next(lambda: bool(noted)) is None
batches.close()
sys.exit(75)
"""


@pytest.mark.slow
def test_a_process_whose_threads_are_stuck_in_a_read_ends_on_a_signal(tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    command = [sys.executable, "-W", "ignore", "-c", BLOCKED, str(gate)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(GRACE_SECONDS + 60) == 75  # without end, before; a loaded machine takes its time to end
    finally:
        process.kill()
        process.stdout.close()
