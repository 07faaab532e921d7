"""Prediction for a video, decoded once: the table, the plot and the overlay."""

import pathlib

from absl import logging

from affect_jax.predict.crops import Finder
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.sinks.overlay import VideoOverlay
from affect_jax.predict.sinks.plot import Plot
from affect_jax.predict.sinks.sink import Sink, feed
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Video


def predict_video(
    predictor: Predictor,
    source: pathlib.Path,
    folder: pathlib.Path,
    stem: str,
    finder: Finder | None,
    overlay: bool = True,
) -> Result:
    """Writes `<stem>.csv` with its schema, `<stem>.png` and `<stem>_overlay.mp4`.

    Args:
      predictor: the network.
      source: the video.
      folder: where the files go; created if missing.
      stem: prefix of their names.
      finder: finds the face; if None, each frame is treated as a face crop.
      overlay: whether to write the overlay.

    A broken video is predicted up to the error, which is listed among the problems of the result. There is no plot if
    the network predicts no continuously rated quantity.
    """
    table = folder / f"{stem}.csv"
    with Video(source) as video:
        sinks: list[Sink] = [
            Table(table, make_schema(predictor, whole_frame=finder is None)),
            Plot(folder / f"{stem}.png", source.name, predictor.quantities, predictor.label_set),
        ]
        if overlay:
            target = folder / f"{stem}_overlay.mp4"
            sinks.append(VideoOverlay(target, predictor.label_set, video.rate, video.time_base))
        rows = estimate(predictor, video, finder, keep_images=overlay)
        result = feed(sinks, rows, source.name, video.expected_frames())
    if video.problem:
        logging.warning("%s; the rows up to that point are in %s", video.problem, table)
        result.problems.insert(0, video.problem)
    return result
