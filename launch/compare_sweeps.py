"""Compares finished sweeps over seeds in one plot and one table.

  python -m launch.compare_sweeps --sweep=runs/clips/networks --sweep=runs/clips/amounts --output=runs/clips/comparison

Runs of one label are one network. The table has those on all clips; the picture also shows the score against the share
of the clips (where a sweep varies the fold of the training data) and the validation score against the steps.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

SWEEPS = flags.DEFINE_multi_string("sweep", None, "Folder of a finished sweep, with its table.csv; repeat for each.")
SCORE = flags.DEFINE_string("score", "ccc/mean", "Score that the networks are compared by: a column of the tables.")
AGAINST = flags.DEFINE_string("against", "", "Network that differences are taken to; empty: the first of the table.")
OUTPUT = flags.DEFINE_string("output", None, "Folder for comparison.png, comparison.csv and comparison.md.")
SPEED = flags.DEFINE_bool("speed", False, "Time each network on this machine: frames a second of prediction.")
flags.mark_flags_as_required(["sweep", "output"])


def main() -> None:
    from affect_jax.experiment.study.compare_sweeps import compare

    output = pathlib.Path(OUTPUT.value)
    sweeps = [pathlib.Path(folder) for folder in SWEEPS.value]
    print(compare(sweeps, SCORE.value, output, AGAINST.value, SPEED.value))
    print(f"\nPicture: {output}/comparison.png")


if __name__ == "__main__":
    cli.run(main)
