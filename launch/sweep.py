"""Trains a series of runs one after another and collects their scores in one table.

  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=runs/rates

The sweep file defines get_sweep(), which returns a list of {dotted option: value}. Run i is in WORKDIR/00i, and the
table in table.csv; if the runs differ in `seed`, seeds.csv has means with intervals. With --data, finished runs are
also evaluated on that data set. Running the same command again resumes the sweep.
"""

import pathlib
import runpy

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_config, define_data

CONFIG = define_config()
SWEEP = flags.DEFINE_string("sweep", None, "Python file that defines get_sweep().")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the runs, one workdir each; created if missing.")
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="test")
flags.mark_flags_as_required(["config", "sweep", "workdir"])


def main() -> bool:
    from affect_jax.experiment.config.errors import UsageError
    from affect_jax.experiment.study.sweep import FinalEvaluation, sweep

    if not pathlib.Path(SWEEP.value).is_file():
        raise UsageError(f"--sweep={SWEEP.value} is not a file")
    get_sweep = runpy.run_path(SWEEP.value).get("get_sweep")
    if get_sweep is None:
        raise UsageError(f"{SWEEP.value} does not define get_sweep(), which returns a list of {{dotted option: value}}")
    final = FinalEvaluation(DATA.value, DATA_ROOT.value, SPLIT.value, SETTINGS.value) if DATA.value else None
    return sweep(CONFIG.value, get_sweep(), pathlib.Path(WORKDIR.value), final)


if __name__ == "__main__":
    cli.run(main)
