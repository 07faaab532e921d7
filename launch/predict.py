"""Predicts valence, arousal and emotions for a video, an image or a folder of both.

  python -m launch.predict --workdir=runs/clip --input=interview.mp4 --output=out

Writes <name>.csv (one row per decoded frame: seconds since the first frame, success, face box, valence, arousal,
emotions) with <name>.schema.json (network, crop, columns, and facts such as other faces), <name>.png (valence and
arousal over time) and <name>_overlay.mp4 (with the sound). Exit code 1 if anything was lost or could not be read. Faces
are detected with Google's face_landmarker.task, which needs the extra "affect_jax[face]"; with --faces=whole_frame,
each frame is treated as a face crop.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import (
    define_face_model,
    define_flip_average,
    define_output_folder,
    define_path,
    define_precision,
    define_workdir,
    require,
)

WORKDIR = define_workdir()
INPUT = define_path("input", "Video, image, or folder of images and videos.")
OUTPUT = define_output_folder()
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How to find faces.")
LANDMARKER = define_face_model()
FLIP = define_flip_average()
PRECISION = define_precision()
OVERLAY = flags.DEFINE_bool("overlay", False, "Write a copy with the faces and predictions drawn in.")
require("workdir", "input", "output")


def main() -> bool:
    from affect_jax.experiment.predict import predict_run

    return predict_run(
        pathlib.Path(WORKDIR.value),
        pathlib.Path(INPUT.value),
        pathlib.Path(OUTPUT.value),
        faces=FACES.value,
        face_model=LANDMARKER.value or "",
        flip=FLIP.value,
        overlay=OVERLAY.value,
        precision=PRECISION.value,
    )


if __name__ == "__main__":
    cli.run(main, resumable=True)
