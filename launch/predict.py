"""Predicts valence, arousal and emotions for a video, an image or a folder of images.

  python -m launch.predict --workdir=runs/clip --input=interview.mp4 --output=out

Writes out/<name>.csv (one row per decoded frame: true time stamp, success, face box, valence, arousal, emotions) with
<name>.schema.json (which network and crop they come from, and what the columns are), <name>.png (valence and arousal
over time) and <name>_overlay.mp4. Faces are found with Google's face_landmarker.task (pip install "affect_jax[face]");
--faces=whole_frame takes each frame as a face crop instead.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trained run.")
INPUT = flags.DEFINE_string("input", None, "Video, picture, or folder of pictures.")
OUTPUT = flags.DEFINE_string("output", None, "Folder for the results.")
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How faces are found.")
LANDMARKER = flags.DEFINE_string(
    "face_model", "", "Your own face_landmarker.task; fetched once and checked if not given."
)
FLIP = flags.DEFINE_bool("flip_average", False, "Average valence and arousal over picture and mirror.")
PRECISION = flags.DEFINE_enum(
    "precision", "float32", ["float32", "bfloat16"], "What the layers compute in; bfloat16 is for accelerators."
)
OVERLAY = flags.DEFINE_bool("overlay", True, "Write the video with box, landmarks and numbers drawn in.")
flags.mark_flags_as_required(["workdir", "input", "output"])


def main() -> None:
    from affect_jax.experiment.predict import predict_run

    predict_run(
        pathlib.Path(WORKDIR.value),
        pathlib.Path(INPUT.value),
        pathlib.Path(OUTPUT.value),
        faces=FACES.value,
        face_model=LANDMARKER.value,
        flip=FLIP.value,
        overlay=OVERLAY.value,
        precision=PRECISION.value,
    )


if __name__ == "__main__":
    cli.run(main)
