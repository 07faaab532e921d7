"""Prediction for a video, decoded once: the table, the plot and the overlay."""

import pathlib

from absl import logging

from affect_jax.files.kinds import printable
from affect_jax.predict.account import Account
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

    What a damaged video has lost is listed among the problems of the result. There is no plot if the network predicts
    no continuously rated quantity.
    """
    table = folder / f"{stem}.csv"
    with Video(source) as video:
        account = Account(printable(source.name), video)
        sinks: list[Sink] = [
            Table(table, make_schema(predictor, whole_frame=finder is None), account),
            Plot(folder / f"{stem}.png", printable(source.name), predictor.quantities, predictor.label_set),
        ]
        if overlay:
            sinks.append(VideoOverlay(folder / f"{stem}_overlay.mp4", predictor.label_set, video))
        step_seconds = float(1 / video.rate)
        rows = estimate(predictor, video, finder, keep_images=overlay, step_seconds=step_seconds)
        result = feed(sinks, rows, printable(source.name), video.expected_frames())
    for note in account.notes():
        logging.info("%s", note)
    if video.problem:
        logging.warning("%s; the rows are in %s", video.problem, table)
        result.problems.insert(0, video.problem)
    return result
