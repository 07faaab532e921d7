"""Trains a grid of runs, one after another, and ends with one table; a second start goes on where the first ended.

  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=runs/rates

The sweep file defines get_sweep() -> list of {dotted option: value}. Run i lies in WORKDIR/00i, the table in table.csv.
"""

import pathlib
import runpy

from absl import flags
from ml_collections.config_flags import config_flags

from affect_jax.experiment import cli

CONFIG = config_flags.DEFINE_config_file("config", None, "Config file that every run starts from.")
SWEEP = flags.DEFINE_string("sweep", None, "Python file that defines get_sweep().")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of all the runs.")
flags.mark_flags_as_required(["config", "sweep", "workdir"])


def main() -> bool:
    from affect_jax.experiment.errors import UsageError
    from affect_jax.experiment.sweep import sweep

    if not pathlib.Path(SWEEP.value).is_file():
        raise UsageError(f"--sweep={SWEEP.value} is no file")
    get_sweep = runpy.run_path(SWEEP.value).get("get_sweep")
    if get_sweep is None:
        raise UsageError(f"{SWEEP.value} defines no get_sweep(); it must return a list of {{dotted option: value}}")
    return sweep(CONFIG.value, get_sweep(), pathlib.Path(WORKDIR.value))


if __name__ == "__main__":
    cli.run(main)
