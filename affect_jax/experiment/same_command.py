"""Several processes that train together must have been started with one command, and see one workdir."""

import hashlib
import json
import pathlib
import socket
import time
from collections.abc import Callable

import jax
import numpy as np

import affect_jax
from affect_jax.experiment.config.claim import CONFIG, differences
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, as_dict
from affect_jax.experiment.run import Run
from affect_jax.nn.network import Variables, names
from affect_jax.train.agreement import from_first, wait_for_all
from affect_jax.train.manager import saved_steps

VISIBLE_SECONDS = 30.0  # a network folder may show a new file with a delay


def require_same_command(run: Run, config: Config) -> None:
    """UsageError if this process has another workdir, config or version than process 0."""
    mine = {
        "config": as_dict(config),
        "workdir": str(run.workdir.absolute()),
        "affect_jax": affect_jax.__version__,
        "jax": jax.__version__,
        "devices of a process": jax.local_device_count(),
    }
    text = json.dumps(mine)
    changed = differences(json.loads(from_first("command", text)), json.loads(text))
    if changed:
        raise UsageError(
            f"process {jax.process_index()} of {jax.process_count()} was not started like process 0 ({changed[0]}); "
            "start all with the same command. Under srun, --processes=1 trains alone in each task"
        )
    wait_for_all("command")  # before process 0 writes anything


def require_shared(workdir: pathlib.Path) -> None:
    """Waits for process 0 to claim the workdir; UsageError if that cannot be seen from here."""
    wait_for_all("claim")
    if not _comes_true(lambda: (workdir / CONFIG).exists()):
        raise UsageError(
            f"{workdir} of process 0 cannot be seen on {socket.gethostname()}; all processes need one workdir in a "
            "folder that their machines share"
        )


def require_same_checkpoints(workdir: pathlib.Path) -> None:
    """Waits for process 0 to set damaged checkpoints aside; UsageError if this process then sees others than it."""
    folder = workdir / "checkpoints"
    expected = json.loads(from_first("checkpoints", json.dumps(saved_steps(folder))))
    if not _comes_true(lambda: saved_steps(folder) == expected):
        raise UsageError(
            f"{folder} holds checkpoints of the steps {expected} for process 0, and of {saved_steps(folder)} on "
            f"{socket.gethostname()}; all processes need one workdir in a folder that their machines share"
        )


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds now or within VISIBLE_SECONDS."""
    end = time.monotonic() + VISIBLE_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def require_same_weights(variables: Variables) -> None:
    """UsageError if this process starts from other weights than process 0."""
    if jax.process_count() == 1:
        return
    weights = hashlib.sha256()
    for array in names(variables).values():
        weights.update(np.asarray(array).tobytes())
    if from_first("weights", weights.hexdigest()) != weights.hexdigest():
        raise UsageError(
            f"the initial weights on {socket.gethostname()} are not those of process 0: processors of another kind may "
            "round differently. Start from the weights of another run, with initialize.rule=copy"
        )
