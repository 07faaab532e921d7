"""Compares several runs on the same evaluation: prints a table and writes a page with plots.

  python -m launch.report --workdir=runs/static --workdir=runs/clip --evaluation=rendered_test --output=runs/report

Plots over time compare the first run with the last: list the static network first and the clip network last.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_name, define_output_folder, define_workdir, require

WORKDIRS = define_workdir(several=True)
EVALUATION = define_name("evaluation", "Name of the folder in WORKDIR/evaluation.")
OUTPUT = define_output_folder()
require("workdir", "evaluation", "output")


def main() -> None:
    from affect_jax.experiment.report import report

    output = pathlib.Path(OUTPUT.value)
    print(report([pathlib.Path(workdir) for workdir in WORKDIRS.value], EVALUATION.value, output))
    print(f"\nPlots: {output}/index.html")


if __name__ == "__main__":
    cli.run(main)
