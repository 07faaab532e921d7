"""Learns the adapter of one person: a small file that corrects a network, and can be forgotten.

  python -m launch.features --workdir=runs/static --input=anna.mp4 --output=F
  python -m launch.adapt --workdir=runs/static --subject=anna --features=F --labels=anna.csv --output=P/anna.safetensors
  python -m launch.adapt --baseline --subject=anna --tables=out/week_1,out/week_2 --persons=P

From stored features or, with --input, from a video. --labels is a table with the columns frame, valence and arousal,
and face if there are several; without it, the labels of the features count. A face at rest (--neutral) needs none.
Nothing given: the adapter changes nothing. --sources=FOLDER: stored features of other people, who show the method how
people differ. launch.predict uses the adapter with --persons; launch.forget removes it. With --baseline, a person's
usual days are kept instead, for launch.drift, which is no diagnosis.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch import flags as shared
from launch import person_flags as own

WORKDIR = shared.define_workdir()
SUBJECT = own.define_subject()
FEATURES = shared.define_path("features", "Stored features of the person, of launch.features.", folder=True)
INPUT = shared.define_path("input", "Video, image, folder of images and videos, or - for standard input.")
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How to find faces in --input.")
LANDMARKER = shared.define_face_model()
LESSON = own.define_lesson()
OUTPUT = shared.define_path("output", "File for the adapter: NAME.safetensors in a folder of persons.")
BASELINE = flags.DEFINE_bool("baseline", False, "Keep the person's usual days, of --tables, in --persons.")
PERSONS = own.define_persons_folder()
TABLES, DAYS, FACE = own.define_days()
shared.require("subject")


def main() -> None:
    if BASELINE.value:
        from affect_jax.experiment.drift import Given, run_baseline

        shared.require_now("tables", "persons")
        given = Given(tuple(map(pathlib.Path, TABLES.value)), tuple(DAYS.value), FACE.value)
        return print(run_baseline(given, SUBJECT.value, pathlib.Path(PERSONS.value)))
    from affect_jax.experiment import adapt, lesson, predict

    shared.require_now("workdir", "output")
    shared.require_one_now("features", "input")
    given = lesson.read_lesson(SUBJECT.value, **{flag.name: flag.value for flag in LESSON})
    places = pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value)
    if FEATURES.value:
        return adapt.adapt_run(*places, pathlib.Path(FEATURES.value), given)
    finding = predict.Finding(FACES.value, LANDMARKER.value or "")
    return adapt.adapt_from_video(*places, pathlib.Path(INPUT.value), finding, given)


if __name__ == "__main__":
    cli.run(main)
