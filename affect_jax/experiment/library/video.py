"""Predictions for a video."""

import contextlib
import os
import pathlib
from collections.abc import Sequence

from absl import logging
from tqdm.auto import tqdm

from affect_jax.experiment.library.faces import choose_tracks
from affect_jax.experiment.library.model import Model
from affect_jax.experiment.library.table import collect
from affect_jax.experiment.root_logging import leave_logging_alone
from affect_jax.files.paths import expand_home
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.frame_rate import FrameRate
from affect_jax.predict.sources import Video


@leave_logging_alone()
def predict_video(
    model: Model,
    video: str | os.PathLike,
    *,
    faces: str = "landmarker",
    face_model: str | os.PathLike | None = None,
    include: Sequence[str] = (),
    progress: bool = True,
) -> "polars.DataFrame":
    """Predicts a video; returns the table that `launch.predict` writes, one row per decoded frame and face.

    `faces`, `face_model`, `include` and `progress` as in `predict_images`. Frames are decoded one by one: memory grows
    with the table only. What a damaged file has lost is a warning; ValueError if it is no video.
    """
    make_tracks = choose_tracks(faces, face_model, include)
    with Video(pathlib.Path(expand_home(os.fspath(video)))) as source:
        rate = FrameRate.choose(model.predictor, source.rate)
        predictor, step_seconds = rate.apply(model.predictor), float(1 / source.rate)
        if warning := rate.warning(model.predictor):
            logging.warning("%s: %s", source.path.name, warning)
        tracks = None if make_tracks is None else make_tracks(step_seconds)
        sightings = estimate(predictor, source, tracks, step_seconds=step_seconds)
        name, expected = source.path.name, source.expected_frames()
        with contextlib.closing(sightings):
            shown = tqdm(sightings, name, expected, unit="frame", leave=False, disable=not progress)
            table = collect(iter(shown), make_schema(predictor, tracks is None, tuple(include)))
    if source.problem:
        logging.warning("%s", source.problem)
    return table
