"""Evaluates a trained network on a data set.

  python -m launch.evaluate --workdir=runs/static --data=affectnet --data_root=DIR --split=validation
  python -m launch.evaluate --workdir=runs/clip --data=rendered --split=test --set=kind=clips

Writes W/evaluation/<data>_<split>.../summary.json (scores, 95 % intervals, per clip, per subject, protocol) and
predictions.csv (one row per face or frame; what its columns are stands in predictions.schema.json).
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trained run.")
DATA = flags.DEFINE_string(
    "data", None, "Name of a reader, such as affectnet, ferplus, folder or rendered (data/registry.py)."
)
DATA_ROOT = flags.DEFINE_string("data_root", "", "Folder of the data set; the run's own if not given.")
SPLIT = flags.DEFINE_string("split", "validation", "Part of the data set.")
SETTINGS = flags.DEFINE_multi_string(
    "set",
    [],
    "Further option of the reader, as name=value, of its clock, as clock.delay_seconds=2, or of its fold, as "
    "fold.of=5 and fold.index=0, a fifth of the subjects; may be repeated. On the data set of the run's validation, its clock is the default, and on its split its "
    "fold too; labels of other data sets stay as they are.",
)
FLIP = flags.DEFINE_bool(
    "flip_average", False, "Average valence and arousal over picture and mirror; named in the output."
)
PRECISION = flags.DEFINE_enum(
    "precision",
    "float32",
    ["float32", "bfloat16"],
    "What the layers compute in; bfloat16 is for accelerators and named in the output.",
)
NAME = flags.DEFINE_string("name", "", "Folder name under W/evaluation; <data>_<split> if not given.")
flags.mark_flags_as_required(["workdir", "data"])


def main() -> None:
    from affect_jax.experiment.evaluate import evaluate_run
    from affect_jax.report.tables import summary_table

    _, summary = evaluate_run(
        pathlib.Path(WORKDIR.value),
        DATA.value,
        DATA_ROOT.value,
        SPLIT.value,
        SETTINGS.value,
        FLIP.value,
        NAME.value,
        PRECISION.value,
    )
    print(summary_table(summary))


if __name__ == "__main__":
    cli.run(main)
