"""Predicts valence, arousal, emotions or their intensities for a video, an image or a folder of both.

  python -m launch.predict --workdir=runs/clip --input=interview.mp4 --output=out
  ffmpeg -i film.mxf -f yuv4mpegpipe - | python -m launch.predict --workdir=runs/clip --input=- --output=out

Writes <name>.csv (a row per decoded frame and face) with <name>.schema.json (network, crop, columns, facts), <name>.png
(what it predicts over time), summary_per_clip.csv and, only with --overlay, images of faces: <name>_overlay.mp4 and
crops in the plot. The same command continues a prediction that was killed or stopped (exit code 75). Exit code 1 if
anything was lost or could not be read. Faces are found with Google's face_landmarker.task, which needs the extra
"affect_jax[face]"; with --faces=whole_frame, each frame is a face crop. --persons=FOLDER uses the adapters that
launch.adapt wrote for people: files called anna.mp4, anna_2.mp4 or anna-2.mp4 are of anna, unless --assign says it.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch import flags as shared
from launch.person_flags import define_persons

WORKDIR = shared.define_workdir()
INPUT = shared.define_path("input", "Video, image, folder of images and videos, or - for standard input.")
OUTPUT = shared.define_output_folder()
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How to find faces.")
LANDMARKER = shared.define_face_model()
FLIP = shared.define_flip_average()
PRECISION = shared.define_precision()
PERSONS, ASSIGN = define_persons()
OVERLAY = flags.DEFINE_bool("overlay", False, "Write a copy with the faces and predictions drawn in.")
INCLUDE = flags.DEFINE_list("include", [], "More columns: landmarks, blendshapes.")
FORMAT = flags.DEFINE_enum("format", "csv", ["csv", "parquet"], "Format of the tables.")
COLUMNS = flags.DEFINE_enum("columns", "affect_jax", ["affect_jax", "openface", "pyfeat"], "Further table like theirs.")
LAYOUT = flags.DEFINE_enum("layout", "flat", ["flat", "bids"], "With bids, also files after BIDS 1.11 in derivatives/.")
PARTICIPANT = flags.DEFINE_string("participant", "", "Label for BIDS; by default from the file name.")
TASK = flags.DEFINE_string("task", "", "Label for BIDS; by default from the file name.")
HASH_IDS = flags.DEFINE_bool("hash_ids", False, "Write hashes instead of file names.")
HASH_KEY = shared.define_path("hash_key", "File with the key of the hashes; without it, names can be guessed.")
shared.require("workdir", "input", "output")


def main() -> bool:
    from affect_jax.experiment import persons, predict, prediction_flags

    return predict.predict_run(
        pathlib.Path(WORKDIR.value),
        pathlib.Path(INPUT.value),
        pathlib.Path(OUTPUT.value),
        finding=predict.Finding(FACES.value, LANDMARKER.value or "", tuple(INCLUDE.value)),
        overlay=OVERLAY.value,
        export=prediction_flags.read_export(FORMAT.value, COLUMNS.value, LAYOUT.value, PARTICIPANT.value, TASK.value),
        ids=prediction_flags.read_ids(HASH_IDS.value, HASH_KEY.value),
        flip=FLIP.value,
        precision=PRECISION.value,
        persons=persons.choose(PERSONS.value, ASSIGN.value),
    )


if __name__ == "__main__":
    cli.run(main, resumable=True)
