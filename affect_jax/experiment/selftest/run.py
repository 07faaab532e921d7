"""Trains a config twice, once with its process killed at random points, and compares the two runs."""

import json
import pathlib
import shutil
import sys
from collections.abc import Sequence

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, as_dict, parse
from affect_jax.experiment.selftest.children import Child, Kill
from affect_jax.experiment.selftest.compare import Record, first_difference, record
from affect_jax.experiment.selftest.points import draw_points
from affect_jax.files.atomic import open_atomically
from affect_jax.infer.measured import FILE as EXECUTION

CONFIG_FILE = '''"""The config of this selftest, as its command line gave it."""

import json
import pathlib

from ml_collections import ConfigDict


def get_config():
    return ConfigDict(json.loads((pathlib.Path(__file__).parent / "given.json").read_text()))
'''


class NotEqual(ArithmeticError):
    """The run that was killed and resumed differs from the other one; the message names the first difference."""


def selftest(config: Config, workdir: pathlib.Path, kills: int, seed: int, processes: int = 1) -> str:
    """Returns the report of two equal runs; NotEqual if they are not, ChildFailed if a training fails by itself.

    Args:
        config: of both runs.
        workdir: a new or empty folder; it holds both runs and their logs afterward.
        kills: how often the second run is interrupted.
        seed: of the points at which it is.
        processes: in which both runs train; with several, one of them is killed or asked to leave in turn.
    """
    options = parse(config).train
    if kills < 1:
        raise UsageError(f"--kills={kills}; it must be at least 1")
    if workdir.exists() and any(workdir.iterdir()):
        raise UsageError(f"--workdir={workdir} is not empty; choose a new folder, which will hold both runs")
    file = _write_config(config, workdir)
    say(f"training without interruption in {workdir}/whole")
    durations = Child(file, workdir / "whole", workdir / "whole.log", options, processes).finish()
    _hand_over_timings(workdir)
    done = []
    for number, point in enumerate(draw_points(kills, seed, options.steps, durations, processes), start=1):
        log = workdir / f"killed_{number}.log"
        kill = Child(file, workdir / "killed", log, options, processes).kill_at(point)
        if kill is None:
            say("the run was complete before the next kill")
            break
        done.append(kill)
        say(_line(number, kill, processes))
    else:
        Child(file, workdir / "killed", workdir / "killed_last.log", options, processes).finish()
    whole, killed = record(workdir / "whole"), record(workdir / "killed")
    report = describe(done, whole, killed, processes)
    if not done:
        raise NotEqual("the run was complete before the first kill, so nothing was tested: set more config.train.steps")
    return report


def describe(kills: Sequence[Kill], whole: Record, killed: Record, processes: int = 1) -> str:
    """The report of equal runs; NotEqual names the first difference of others."""
    listed = "\n".join(_line(number, kill, processes) for number, kill in enumerate(kills, start=1))
    if difference := first_difference(whole, killed):
        raise NotEqual(f"the run that was killed {len(kills)} times differs: {difference}\n{listed}")
    return (
        f"{listed}\nequal after {len(kills)} kills: {len(whole.lines)} lines of metrics, and {len(whole.hashes)} "
        "arrays and notes of the checkpoints (weights, optimizer, position in the data)"
    )


def say(text: str) -> None:
    """Shows how far the test is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _line(number: int, kill: Kill, processes: int) -> str:
    place = f"during {kill.seen.phase}, after step {kill.seen.step}, {kill.seconds:.1f} s after its start"
    if processes == 1:
        return f"kill {number}: {place}"
    whom = f"{kill.point.signal.name} to process {kill.point.process}"
    return f"kill {number}: {whom} {place}; all had left {kill.leaving_seconds:.1f} s later"


def _write_config(config: Config, workdir: pathlib.Path) -> pathlib.Path:
    workdir.mkdir(parents=True, exist_ok=True)
    with open_atomically(workdir / "given.json") as file:
        file.write(json.dumps(as_dict(config), indent=1) + "\n")
    with open_atomically(workdir / "given.py") as file:
        file.write(CONFIG_FILE)
    return workdir / "given.py"


def _hand_over_timings(workdir: pathlib.Path) -> None:
    """Lets the second run choose the executions of the first one, as launch.reproduce does; a tie could turn."""
    if (workdir / "whole" / EXECUTION).is_file():
        (workdir / "killed").mkdir()
        shutil.copy(workdir / "whole" / EXECUTION, workdir / "killed" / EXECUTION)
