"""Predictions for a video."""

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING

from absl import logging
from tqdm.auto import tqdm

from affect_jax.experiment.library.faces import choose_tracks
from affect_jax.experiment.library.model import Model
from affect_jax.experiment.library.table import collect
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.files.paths import expand_home
from affect_jax.predict.estimate import estimate
from affect_jax.predict.sources import Video

if TYPE_CHECKING:
    import polars


@leave_logging_alone()
def predict_video(
    model: Model,
    video: str | os.PathLike,
    *,
    faces: str = "landmarker",
    face_model: str | os.PathLike | None = None,
    progress: bool = True,
) -> "polars.DataFrame":
    """Predicts a video; returns the table that `launch.predict` writes, one row per decoded frame and face.

    `faces`, `face_model` and `progress` as in `predict_images`. Frames are decoded one by one, so that memory grows
    with the table only. What a damaged file has lost is a warning; ValueError if it is no video.
    """
    make_tracks = choose_tracks(faces, face_model)
    with Video(pathlib.Path(expand_home(os.fspath(video)))) as source:
        step_seconds = float(1 / source.rate)
        tracks = None if make_tracks is None else make_tracks(step_seconds)
        sightings = estimate(model.predictor, source, tracks, step_seconds=step_seconds)
        name, expected = source.path.name, source.expected_frames()
        with contextlib.closing(sightings):
            shown = tqdm(sightings, name, expected, unit="frame", leave=False, disable=not progress)
            table = collect(model.predictor, iter(shown), whole_frame=tracks is None)
    if source.problem:
        logging.warning("%s", source.problem)
    return table
