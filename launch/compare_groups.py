"""Compares two groups of people: how strongly, how often and when they show emotions.

  python -m launch.compare_groups --tables=predictions --groups=groups.csv --output=comparison

Tables are those of launch.predict or launch.evaluate, by one network. GROUPS is a CSV file subject,group with two
groups; a subject is one of the tables or, where a table names none, a recording without its ending (anna for anna.mp4).
People are the unit of all tests and intervals. Trajectories start with the recordings, which must show people with the
same stimulus. Writes groups.md (read it first), groups.png, groups.csv (a row per column), distribution.csv,
trajectories.csv, clusters.csv, types.csv and people.csv. This is no diagnosis: groups differ in much that changes a
face or how a network sees it, and a difference between groups says nothing about one person.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_path, require
from launch.person_flags import define_face

TABLES = flags.DEFINE_list("tables", None, "Tables of people, or folders with such tables; separated by commas.")
GROUPS = define_path("groups", "CSV file with the columns subject and group.")
COLUMNS = flags.DEFINE_list("columns", [], "Columns of predictions to compare; by default all intensities.")
RATE = flags.DEFINE_float("rate", 5.0, "Values per second of a trajectory.")
FACE = define_face()
SEED = flags.DEFINE_integer("seed", 0, "Seed of permutations, intervals and types.", lower_bound=0)
OUTPUT = define_output_folder()
require("tables", "groups", "output")


def main() -> None:
    from affect_jax.experiment.compare_groups import Given, run_comparison

    given = Given.read(TABLES.value, GROUPS.value, COLUMNS.value, RATE.value, FACE.value)
    print(run_comparison(given, pathlib.Path(OUTPUT.value), SEED.value))
    print(f"\nNotes: {OUTPUT.value}/groups.md; plot: {OUTPUT.value}/groups.png")


if __name__ == "__main__":
    cli.run(main)
