"""Stores the pooled features of a trained network: what its last two layers see of each face.

  python -m launch.features --workdir=runs/static --data=rendered --split=test --output=out/targets
  python -m launch.features --workdir=runs/static --input=interview.mp4 --output=out/interview

Of a data set (--data, as in launch.evaluate), or of all faces of a video, an image or a folder of both (--input, as in
launch.predict). Writes predictions.csv (one row per face, with labels where there are any), features.safetensors (in
the same order: features, raw valence/arousal, proportions of the face; and the network's last two layers) and
features.json (network, data, checksums). The reader "features" (--data=features --data_root=FOLDER) takes the folder as
a data set. Features describe a person's face: treat them like the recordings themselves.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch import flags as shared

WORKDIR = shared.define_workdir()
DATA, DATA_ROOT, SPLIT, SETTINGS = shared.define_data(split="validation")
INPUT = shared.define_path("input", "Video, image, folder of images and videos, or - for standard input.")
FACES = flags.DEFINE_enum("faces", "landmarker", ["landmarker", "whole_frame"], "How to find faces in --input.")
LANDMARKER = shared.define_face_model()
OUTPUT = shared.define_output_folder()
shared.require("workdir", "output")
shared.require_one("data", "input")


def main() -> None:
    from affect_jax.experiment import features, predict

    workdir, output = pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value)
    if DATA.value:
        shared.refuse_given("faces", "face_model", reason="--data names a data set, whose reader knows the faces")
        count = features.store_data_set(workdir, DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value, output)
    else:
        shared.refuse_given("data_root", "split", "set", reason="--input is no data set")
        finding = predict.Finding(FACES.value, LANDMARKER.value or "")
        count = features.store_files(workdir, pathlib.Path(INPUT.value), output, finding)
    print(f"{count} faces in {output}")


if __name__ == "__main__":
    cli.run(main)
