"""Converts one of EmoNet's pickled AffectNet lists into a CSV list for --data=affectnet.

  python -m launch.import_lists --pickle=AffectNet/test_fullpath.pkl --output=AffectNet/test.csv
  python -m launch.evaluate --workdir=W --data=affectnet --data_root=AffectNet --split=test --set=clean=automatic

The pickle may contain only dicts, lists, strings, numbers and arrays; one that contains anything else is refused, and
no code in it is executed. The CSV list includes the 68 FAN landmarks and the column expression_correct. Images are
searched for in the folder of the list and in a subfolder with the list's name (AffectNet/test/...).
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_path, require

PICKLE = define_path("pickle", "Pickled list, such as test_fullpath.pkl.")
OUTPUT = define_path("output", "CSV file to write; must not exist.")
MAX_SKIPPED = flags.DEFINE_float(
    "max_skipped_fraction",
    0.01,
    "Maximum share of the images that may be unusable.",
    lower_bound=0.0,
    upper_bound=1.0,
)
require("pickle", "output")


def main() -> None:
    from affect_jax.experiment.import_lists import import_pickled_list

    import_pickled_list(pathlib.Path(PICKLE.value), pathlib.Path(OUTPUT.value), MAX_SKIPPED.value)


if __name__ == "__main__":
    cli.run(main)
