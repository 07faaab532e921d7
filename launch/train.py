"""Trains a network, or resumes a run that was interrupted.

  python -m launch.train --config=configs/quickstart.py:static --workdir=runs/static
  python -m launch.train --config=configs/quickstart.py:static --workdir=runs/slow \\
    --config.optimizer.learning_rate=3e-4

Any option of the config can be set with --config.NAME=VALUE; unknown options are refused, and python -m launch.options
--config=FILE lists them. The workdir is created if missing, and one process at a time trains in it. It contains
config.json, data.json (a fingerprint of the data), metrics.jsonl, TensorBoard events, checkpoints (latest and best) and
run_card.json, from which launch.reproduce trains the same run again.
Several processes, on one machine or many, train together if each is started with the same command and its own number:
  python -m launch.train --config=... --workdir=... --coordinator=node1:12345 --processes=2 --process=0
Under srun, the three flags are not needed. All must see the same workdir; process 0 alone writes there. What ends one
process ends all of them.
Exit codes: 0 success, 1 failure, 2 usage error, 75 interrupted by SIGTERM or Ctrl-C after saving; run the same command
to resume.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_config, define_processes, define_workdir, require

CONFIG = define_config()
WORKDIR = define_workdir()
PROCESSES = define_processes()
require("config", "workdir")


def main() -> bool:
    from affect_jax.experiment.processes import joined
    from affect_jax.experiment.train import train

    with joined(*(flag.value for flag in PROCESSES)):
        return train(CONFIG.value, pathlib.Path(WORKDIR.value))


if __name__ == "__main__":
    cli.run(main)
