"""Trains a grid of runs one after another and collects their scores in one table.

  python -m launch.sweep --config=configs/quickstart.py:static --sweep=configs/sweeps/rates.py --workdir=runs/rates

The sweep file defines get_sweep() -> list of {dotted option: value}. Run i lies in WORKDIR/00i, the table in table.csv;
where the runs differ in `seed`, seeds.csv has means with intervals. With --data, finished runs are scored on it.
"""

import pathlib
import runpy

from absl import flags
from ml_collections.config_flags import config_flags

from affect_jax.experiment import cli

CONFIG = config_flags.DEFINE_config_file("config", None, "Config file that every run starts from.")
SWEEP = flags.DEFINE_string("sweep", None, "Python file that defines get_sweep().")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of all the runs.")
DATA = flags.DEFINE_string(
    "data", "", "Reader of a data set to score each finished run on; its validation if not given."
)
DATA_ROOT = flags.DEFINE_string("data_root", "", "Folder of that data set; the run's own if not given.")
SPLIT = flags.DEFINE_string("split", "test", "Part of that data set.")
SETTINGS = flags.DEFINE_multi_string("set", [], "Further option of its reader, as name=value; may be repeated.")
flags.mark_flags_as_required(["config", "sweep", "workdir"])


def main() -> bool:
    from affect_jax.experiment.config.errors import UsageError
    from affect_jax.experiment.study.sweep import Judge, sweep

    if not pathlib.Path(SWEEP.value).is_file():
        raise UsageError(f"--sweep={SWEEP.value} is no file")
    get_sweep = runpy.run_path(SWEEP.value).get("get_sweep")
    if get_sweep is None:
        raise UsageError(f"{SWEEP.value} defines no get_sweep(); it must return a list of {{dotted option: value}}")
    judge = Judge(DATA.value, DATA_ROOT.value, SPLIT.value, SETTINGS.value) if DATA.value else None
    return sweep(CONFIG.value, get_sweep(), pathlib.Path(WORKDIR.value), judge)


if __name__ == "__main__":
    cli.run(main)
