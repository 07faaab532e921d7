"""Predicts what a camera sees while it happens, or a video at its own pace.

  python -m launch.live --workdir=runs/causal/first --input=/dev/video0 --output=out

Shows frames per second, dropped frames, the predictions and the latency of each part (median and 95 %) on the terminal,
and the picture on a page that only this machine can open. A frame that comes while another one is being predicted
replaces those that are waiting: the session never falls behind. With --output, it records <name>.csv with
<name>.schema.json; pictures are recorded with --video only. Ctrl-C ends it with a summary. The network has to be static
or causal. Faces are found, and --persons are known, as in launch.predict.
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
from launch.person_flags import define_persons

WORKDIR = define_workdir()
INPUT = define_path("input", "Camera, such as /dev/video0, or a video, which is played at its own pace.")
OUTPUT = define_output_folder()
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How to find faces.")
LANDMARKER = define_face_model()
FLIP = define_flip_average()
PRECISION = define_precision()
PERSONS, ASSIGN = define_persons()
VIDEO = flags.DEFINE_bool(
    "video", False, "Record what the camera saw as <name>.mp4, one frame for each frame of the table."
)
PAGE = flags.DEFINE_bool("page", True, "Show the picture with the predictions on a page of this machine.")
require("workdir", "input")


def main() -> None:
    from affect_jax.experiment.live import LiveOptions, live_run
    from affect_jax.experiment.persons import choose
    from affect_jax.experiment.predict import Finding

    live_run(
        pathlib.Path(WORKDIR.value),
        pathlib.Path(INPUT.value),
        LiveOptions(pathlib.Path(OUTPUT.value) if OUTPUT.value else None, VIDEO.value, PAGE.value),
        finding=Finding(FACES.value, LANDMARKER.value or ""),
        flip=FLIP.value,
        precision=PRECISION.value,
        persons=choose(PERSONS.value, ASSIGN.value),
    )


if __name__ == "__main__":
    cli.run(main)
