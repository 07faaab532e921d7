"""Counts the training windows by the intensity that they end with, and plots the histograms.

  python -m launch.window_levels --config=configs/intensity.py:small --output=out/levels
  python -m launch.window_levels --config=configs/intensity.py:small --config.data.windows.transitions=0.45
    --output=out/levels_45

Shows whether the intensities between neutral and full (3 to 7) are rare, and what config.data.windows.transitions adds.
Writes levels.csv and levels.png; nothing is trained. Each data set counts once, whatever its weight.
Exit codes: 0 success, 1 failure, 2 usage error.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_config, define_output_folder, require

CONFIG = define_config()
OUTPUT = define_output_folder()
require("config", "output")


def main() -> None:
    from affect_jax.experiment.window_levels import PLOT, run_levels

    output = pathlib.Path(OUTPUT.value)
    print(run_levels(CONFIG.value, output))
    print(f"\nPlot: {output / PLOT}")


if __name__ == "__main__":
    cli.run(main)
