"""Trains a network, or resumes a run that was interrupted.

  python -m launch.train --config=configs/quickstart.py:static --workdir=runs/static
  python -m launch.train --config=configs/quickstart.py:static --workdir=runs/slow \\
    --config.optimizer.learning_rate=3e-4

Every option of the config can be set as --config.NAME=VALUE; an unknown one is refused. The workdir holds config.json,
metrics.jsonl, TensorBoard events and checkpoints (latest and best). Exit codes: 0 done, 1 failure, 2 wrong usage,
75 saved on SIGTERM or Ctrl-C: the same command goes on.
"""

import pathlib

from absl import flags
from ml_collections.config_flags import config_flags

from affect_jax.experiment import cli

CONFIG = config_flags.DEFINE_config_file("config", None, "Config file, with a variant after a colon where it has any.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run; made if absent, continued if it holds this run.")
flags.mark_flags_as_required(["config", "workdir"])


def main() -> bool:
    from affect_jax.experiment.train import train

    return train(CONFIG.value, pathlib.Path(WORKDIR.value))


if __name__ == "__main__":
    cli.run(main)
