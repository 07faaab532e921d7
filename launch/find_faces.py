"""Finds the faces of a data set of whole pictures, so that training and evaluation crop them.

  python -m launch.find_faces --data=ck_plus --data_root=CK+
  python -m launch.find_faces --data=sewa --data_root=SEWA --output=sewa_faces

Writes the landmarks that the reader takes into the data set: landmarks/<recording>.csv for clips (in the form of
OpenFace 2), Landmarks/<sequence>/<image>_landmarks.txt for ck_plus, and landmarks/<emotion>/<image>_landmarks.txt for
folder. All splits are searched; what has landmarks already is left as it is, so that the same command resumes. Also
writes missed_faces.csv (images and runs of frames without a face, which the reader leaves out) and contact_sheet.png
(some of those that were missed and found): look at it. Needs the extra "affect_jax[face]".
"""

import pathlib

from absl import flags, logging

from affect_jax.experiment import cli
from launch.flags import define_face_model, define_path, require

DATA = flags.DEFINE_string("data", None, "Reader of the data set: action_units, ck_plus, folder, omg, recola or sewa.")
DATA_ROOT = define_path("data_root", "Folder of the data set, which must be writable.", folder=True)
OUTPUT = define_path("output", "Folder for list and sheet instead of that of the landmarks.", folder=True)
LANDMARKER = define_face_model()
require("data", "data_root")


def main() -> None:
    from affect_jax.experiment.find_faces import find_faces, make_finder

    output = pathlib.Path(OUTPUT.value) if OUTPUT.value else None
    for path in find_faces(DATA.value, DATA_ROOT.value, output, lambda: make_finder(LANDMARKER.value or "")):
        logging.info("wrote %s", path)


if __name__ == "__main__":
    cli.run(main)
