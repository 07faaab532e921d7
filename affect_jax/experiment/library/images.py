"""Predictions for images in memory or on disk."""

import contextlib
import os
from collections.abc import Iterable, Sequence

import numpy as np
import PIL.Image
from absl import logging
from tqdm.auto import tqdm

from affect_jax.experiment.library.faces import choose_tracks
from affect_jax.experiment.library.model import Model
from affect_jax.experiment.library.table import collect
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.given_images import list_images, read_frames

Image = str | os.PathLike | np.ndarray | PIL.Image.Image


@leave_logging_alone()
def predict_images(
    model: Model,
    images: Image | Iterable[Image],
    *,
    faces: str = "landmarker",
    face_model: str | os.PathLike | None = None,
    include: Sequence[str] = (),
    progress: bool = True,
) -> "polars.DataFrame":
    """Predicts images; returns the table that `launch.predict` writes, one row per image and face.

    Args:
      model: from `load`; a clip network takes each image as a clip of equal frames.
      images: a path, an array or an image of Pillow, or several. Arrays are RGB in 0 to 255 as uint8, of the shape
        [height, width, 3] or [image, height, width, 3]. In the column `source`, a file has its name, and an array its
        number from 0.
      faces: "landmarker" finds faces, "whole_frame" takes each image as a face crop.
      face_model: path of a face_landmarker.task; by default it is downloaded once.
      include: more columns: "landmarks" in pixels, "blendshapes" in [0, 1].
      progress: whether to show a progress bar.

    An image without a face has a row with `success` 0. A file that cannot be read has none, and a warning names it;
    ValueError if none can be read.
    """
    given = list_images(images)
    make_tracks = choose_tracks(faces, face_model, include)
    tracks = None if make_tracks is None else make_tracks(0.0)
    problems: list[str] = []
    sightings = estimate(model.predictor, read_frames(given, problems), tracks, connected=False)
    with contextlib.closing(sightings):
        shown = tqdm(sightings, model.name, len(given), unit="image", leave=False, disable=not progress)
        table = collect(iter(shown), make_schema(model.predictor, tracks is None, tuple(include)))
    for problem in problems:
        logging.warning("%s; it has no row", problem)
    if len(problems) == len(given):
        raise ValueError(problems[0])
    return table
