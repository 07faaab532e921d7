"""Kills a run at random points, resumes it, and compares it with one that was not interrupted.

  python -m launch.selftest --config=configs/quickstart.py:static --workdir=runs/selftest --config.train.steps=60
  python -m launch.selftest --config=my_config.py --workdir=runs/selftest --kills=20 --seed=1
  python -m launch.selftest --config=my_config.py --workdir=runs/selftest --processes=2

Trains the config twice. The process of the second run is killed (SIGKILL) while it compiles, trains, evaluates and
saves, and started again each time. All arrays of the checkpoints (weights, optimizer), the position in the data and all
lines of metrics.jsonl, times excepted, must be equal. The report says when it was killed. Takes the time of two runs,
and a start for each kill.
With --processes, both runs train in several processes on this machine. One of them gets SIGKILL, and all must end, or
SIGTERM, and all must save one step and leave with exit code 75; all are started again. With accelerators, set
JAX_PLATFORMS=cpu, as each process would take all of them.
Exit codes: 0 equal, 1 different (the first difference is named) or a training failed, 2 usage error.
"""

import pathlib
import signal

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_config, define_path, require

CONFIG = define_config()
WORKDIR = define_path("workdir", "New or empty folder for both runs and their logs.", folder=True)
KILLS = flags.DEFINE_integer("kills", 4, "How often the second run is killed; each phase equally often.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the points at which it is killed.", lower_bound=0)
PROCESSES = flags.DEFINE_integer("processes", 1, "In how many processes both runs train.", lower_bound=1)
require("config", "workdir")


def main() -> None:
    from affect_jax.experiment.selftest.run import selftest

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the trainings end too
    print(selftest(CONFIG.value, pathlib.Path(WORKDIR.value), KILLS.value, SEED.value, PROCESSES.value))


if __name__ == "__main__":
    cli.run(main)
