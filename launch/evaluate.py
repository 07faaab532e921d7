"""Evaluates a trained network on a data set.

  python -m launch.evaluate --workdir=runs/static --data=affectnet --data_root=DIR --split=validation
  python -m launch.evaluate --workdir=runs/clip --data=rendered --split=test --set=kind=clips

The network is rebuilt from the workdir alone. Writes summary.json (scores, 95 % intervals, means per clip and per
subject, conditions) and predictions.csv (one row per face or frame; predictions.schema.json describes the columns) to
WORKDIR/evaluation/<data>_<split>/ or to --output, as for a run that can only be read. If the run's config has an
evaluation with the same reader, its options (including the clock and, on the same split, the fold) are the defaults.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import (
    define_data,
    define_flip_average,
    define_name,
    define_path,
    define_precision,
    define_workdir,
    require,
)

WORKDIR = define_workdir()
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="validation")
FLIP = define_flip_average()
PRECISION = define_precision()
NAME = define_name("name", "Name of the folder in WORKDIR/evaluation; by default <data>_<split>.")
OUTPUT = define_path("output", "Folder for the results instead of one in WORKDIR/evaluation.", folder=True)
require("workdir", "data")


def main() -> None:
    from affect_jax.experiment.evaluate import evaluate_run
    from affect_jax.report.tables import summary_table

    _, summary = evaluate_run(
        pathlib.Path(WORKDIR.value),
        DATA.value,
        DATA_ROOT.value or "",
        SPLIT.value,
        SETTINGS.value,
        FLIP.value,
        NAME.value or "",
        PRECISION.value,
        pathlib.Path(OUTPUT.value) if OUTPUT.value else None,
    )
    print(summary_table(summary))


if __name__ == "__main__":
    cli.run(main)
