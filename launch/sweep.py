"""Trains a series of runs one after another and collects their scores in one table.

  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=runs/rates

The sweep file defines get_sweep(), which returns a list of {dotted option: value}. Run i is in WORKDIR/00i, and the
table in table.csv; if the runs differ in `seed`, seeds.csv has means with intervals. With --data, finished runs are
also evaluated on that data set. Running the same command again resumes the sweep.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_config, define_data, define_path, refuse_given, require

CONFIG = define_config()
SWEEP = define_path("sweep", "Python file that defines get_sweep().")
WORKDIR = define_path("workdir", "Folder for the runs, one workdir each; created if missing.", folder=True)
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="test")
require("config", "sweep", "workdir")


def main() -> bool:
    from affect_jax.experiment.config.config_file import load_sweep
    from affect_jax.experiment.study.sweep import FinalEvaluation, sweep

    if not DATA.value:
        refuse_given("data_root", "split", "set", reason="without --data, no run is evaluated on other data")
    points = load_sweep(SWEEP.value)
    final = FinalEvaluation(DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value) if DATA.value else None
    return sweep(CONFIG.value, points, pathlib.Path(WORKDIR.value), final)


if __name__ == "__main__":
    cli.run(main)
