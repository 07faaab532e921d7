"""Trains a series of runs, here or in an array of Slurm, and collects their scores in one table.

  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=runs/rates
  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/search.py --workdir=runs/search \\
    --executor=slurm --at_once=8 --sbatch=--partition=gpu --sbatch=--gpus=1

The sweep file defines get_sweep(), which returns a list of {dotted option: value}, or a Search, whose points Optuna
chooses. Run i is in WORKDIR/00i, with the output of its training in trial.log. Writes table.csv, table.md, a plot of
all runs (parallel.png), importance.csv and, over seeds, seeds.csv. With --data, finished runs are evaluated there.
Running the same command again resumes the sweep and tries failed runs again; with --workdir alone, it is a further
worker of a sweep that has begun, on this machine or another one that sees the folder.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_config, define_data, define_path, define_sbatch, refuse_given, require, require_now

CONFIG = define_config()
SWEEP = define_path("sweep", "Python file that defines get_sweep().")
WORKDIR = define_path("workdir", "Folder for the runs, one workdir each; created if missing.", folder=True)
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="test")
EXECUTOR = flags.DEFINE_enum(
    "executor",
    "inline",
    ["inline", "local", "slurm"],
    "Where to train: inline (one run after another), local or slurm.",
)
AT_ONCE = flags.DEFINE_integer("at_once", 2, "Number of runs at once, with local or slurm.", lower_bound=1)
SBATCH = define_sbatch()
ONCE = flags.DEFINE_bool("once", False, "Train one run of a sweep that has begun, as a task of an array does.")
require("workdir")


def main() -> bool:
    workdir = pathlib.Path(WORKDIR.value)
    if EXECUTOR.value == "inline":
        refuse_given("at_once", reason="--executor=inline trains one run after another")
    if EXECUTOR.value != "slurm":
        refuse_given("sbatch", reason="only --executor=slurm submits anything")
    if not DATA.value:
        refuse_given("data_root", "split", "set", reason="without --data, no run is evaluated on other data")
    if SWEEP.value or CONFIG.value:
        require_now("config", "sweep")
    else:
        refuse_given("data", reason="--workdir alone goes on with what the sweep began with")
    from affect_jax.experiment.config.config_file import load_sweep
    from affect_jax.experiment.study.sweep import FinalEvaluation, begin, carry_out

    if SWEEP.value:
        final = FinalEvaluation(DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value) if DATA.value else None
        begin(CONFIG.value, load_sweep(SWEEP.value), workdir, final)
    return carry_out(workdir, EXECUTOR.value, AT_ONCE.value, SBATCH.value, ONCE.value)


if __name__ == "__main__":
    cli.run(main)
