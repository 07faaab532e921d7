"""Compares ways of calibrating a network of intensity to new people by their neutral face.

  python -m launch.calibrate_intensity --sources=SOURCES --targets=TARGETS --output=FOLDER

Both are folders of launch.features, of the same network: people it was trained on or may learn from, and others. Repeat
the two flags for networks of other seeds, in the same order. A person gives the neutral segment at the beginning of a
recording; in a second comparison also labels of a block of the frames. Frames that are learned from are never scored.
Writes calibration.csv (a row for each person and method), iterations.csv (adaptive learning by layers, learning rate
and iterations), summary.csv and summary.md (means, intervals, differences by person) and calibration.png. Tables of
launch.fine_tune_whole --iterations are shown beside the others with --whole. Run it again to resume.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_path, require

SOURCES = define_path("sources", "Stored features of the source people.", folder=True, several=True)
TARGETS = define_path("targets", "Stored features of the target people.", folder=True, several=True)
METHODS = flags.DEFINE_list("methods", [], "Methods to compare; by default all.")
EMOTIONS = flags.DEFINE_list("emotions", [], "Emotions whose intensities are scored; by default all of the network.")
SHARE = flags.DEFINE_float("share", 0.05, "Fraction of a person's frames that are labeled; 0 = none.", lower_bound=0)
NEUTRAL = flags.DEFINE_float(
    "neutral_seconds", 3.0, "Seconds at the beginning of each recording in which people look neutral.", lower_bound=0
)
WHOLE = define_path("whole", "Table of launch.fine_tune_whole --iterations.", several=True)
OUTPUT = define_output_folder()
require("sources", "targets", "output")


def main() -> None:
    from affect_jax.experiment.study.calibration import calibrate_intensity

    output = pathlib.Path(OUTPUT.value)
    sources, targets, whole = ([pathlib.Path(path) for path in each.value or ()] for each in (SOURCES, TARGETS, WHOLE))
    table = calibrate_intensity(
        sources, targets, output, METHODS.value, EMOTIONS.value, SHARE.value, NEUTRAL.value, whole
    )
    print(table)
    print(f"\nAll comparisons: {output}/summary.md; plot: {output}/calibration.png")


if __name__ == "__main__":
    cli.run(main)
