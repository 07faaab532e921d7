"""Writes landmarks of a recording in the form of OpenFace 2, without what only OpenFace knows (pose, gaze, units)."""

import csv
import pathlib

import numpy as np
from jaxtyping import Float

from affect_jax.files.atomic import open_atomically
from affect_jax.files.openface import X_COLUMNS, Y_COLUMNS

COLUMNS = ("frame", "face_id", "timestamp", "confidence", "success", *X_COLUMNS, *Y_COLUMNS)


def write_openface(
    path: pathlib.Path,
    landmarks: Float[np.ndarray, "frame 68 2"],
    confidence: Float[np.ndarray, "frame"],
    face_ids: list[int],
    times_seconds: Float[np.ndarray, "frame"],
) -> None:
    """Writes one row per frame of a recording, from its first; creates the folder. Atomic.

    Args:
      path: the table.
      landmarks: in px; nan where no face was found, which gives success 0.
      confidence: probability that the landmarks lie on a face.
      face_ids: number of the face; another one begins where it cannot be the same.
      times_seconds: since the first frame; nan where unknown.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(path) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for index, points in enumerate(landmarks):
            found = bool(np.isfinite(points).all())
            time = "" if np.isnan(times_seconds[index]) else f"{times_seconds[index]:.3f}"
            cells = [f"{value:.2f}" for value in points.T.ravel()] if found else ["0"] * points.size
            writer.writerow(
                [index + 1, face_ids[index], time, f"{confidence[index]:.2f}" if found else 0, int(found), *cells]
            )
