"""Compares ways of adapting a network to new people, by the share of their frames that is labeled.

  python -m launch.compare_adaptation --sources=SOURCES --targets=TARGETS --output=FOLDER

Both are folders of launch.features, of the same network: the people it was trained on, and others. Repeat the two flags
for networks of other seeds, in the same order. Labels are of frames at random times, or of a contiguous block, or there
are none; each with and without the neutral segment at the beginning of a recording. Frames that are learned from are
never scored. Writes adaptation.csv (a row for each person and setting), summary.csv (means, intervals, and differences
by person), summary.md and adaptation.png. Run it again to resume after an interruption.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_path, require

SOURCES = define_path("sources", "Stored features of the source people.", folder=True, several=True)
TARGETS = define_path("targets", "Stored features of the target people.", folder=True, several=True)
METHODS = flags.DEFINE_list("methods", [], "Methods to compare; by default all.")
SHARES = flags.DEFINE_list(
    "shares", ["0", "0.01", "0.02", "0.05", "0.1", "0.2"], "Fractions of a person's frames that are given."
)
NEUTRAL = flags.DEFINE_float(
    "neutral_seconds", 3.0, "Seconds at the beginning of each recording in which people look neutral.", lower_bound=0
)
OUTPUT = define_output_folder()
require("sources", "targets", "output")


def main() -> None:
    from affect_jax.experiment.config.errors import UsageError
    from affect_jax.experiment.study.adaptation import compare_adaptation

    output = pathlib.Path(OUTPUT.value)
    try:
        shares = [float(share) for share in SHARES.value]
    except ValueError as error:
        raise UsageError(f"--shares={','.join(SHARES.value)}: expected numbers such as 0.05") from error
    sources, targets = ([pathlib.Path(folder) for folder in each.value] for each in (SOURCES, TARGETS))
    print(compare_adaptation(sources, targets, output, METHODS.value, shares, NEUTRAL.value))
    print(f"\nAll settings: {output}/summary.md; plot: {output}/adaptation.png")


if __name__ == "__main__":
    cli.run(main)
