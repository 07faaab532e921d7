"""Compares finished sweeps over seeds in one plot and one table.

  python -m launch.compare_sweeps --sweep=runs/clips/networks --sweep=runs/clips/amounts --output=runs/clips/comparison

Runs with the same label count as one network with several seeds. The table shows the networks that were trained on all
clips. The plot also shows the score against the share of training clips, if a sweep varies the fold of the training
data, and the score against training steps, on the evaluation that chose the checkpoints. Writes comparison.png,
comparison.csv and comparison.md.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_path, require

SWEEPS = define_path("sweep", "Folder of a finished sweep, with its table.csv.", folder=True, several=True)
SCORE = flags.DEFINE_string("score", "ccc/mean", "Score to compare the networks by: a column of the tables.")
AGAINST = flags.DEFINE_string(
    "against", "", "Label of the baseline for differences; by default the first in the table."
)
OUTPUT = define_output_folder()
SPEED = flags.DEFINE_bool("speed", False, "Measure the frames per second of each network on this machine.")
require("sweep", "output")


def main() -> None:
    from affect_jax.experiment.study.compare_sweeps import compare

    output = pathlib.Path(OUTPUT.value)
    sweeps = [pathlib.Path(folder) for folder in SWEEPS.value]
    print(compare(sweeps, SCORE.value, output, AGAINST.value, SPEED.value))
    print(f"\nPlot: {output}/comparison.png")


if __name__ == "__main__":
    cli.run(main)
