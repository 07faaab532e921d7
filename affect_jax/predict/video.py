"""Prediction for a video, decoded once: the table, the plot and the overlay."""

import contextlib
import pathlib
from collections.abc import Callable

from absl import logging

from affect_jax.files.kinds import printable
from affect_jax.predict.account import Account
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.journal import Journal, identify
from affect_jax.predict.options import Options
from affect_jax.predict.part import Changed
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
    make_tracks: MakeTracks | None,
    options: Options,
) -> Result:
    """Writes `<stem>.csv` with its schema, `<stem>.png` and, if asked for, `<stem>_overlay.mp4`.

    Args:
      predictor: the network.
      source: the video.
      folder: where the files go; created if missing.
      stem: prefix of their names.
      make_tracks: makes what finds the faces; if None, each frame is treated as a face crop.
      options: of the command.

    What a damaged video has lost is listed among the problems of the result. There is no plot if the network predicts
    no continuously rated quantity. Rows of the same request that was killed are kept; Stopped if it is to be again.
    """
    request = {**options.origin, "input": identify([source]), "overlay": options.overlay}
    journal = Journal(folder / f"{stem}.csv", request)
    return resume(journal, lambda: _predict(predictor, source, folder, stem, make_tracks, options, journal))


def resume(journal: Journal, predict: Callable[[], Result]) -> Result:
    """The result of an earlier run, or of this one; where an earlier one left other rows, it starts over."""
    if (result := journal.finished()) is not None:
        return result
    try:
        result = predict()
    except Changed as change:
        logging.warning("%s; starting over", change)
        journal.remove()
        result = predict()
    journal.finish(result)
    return result


def _predict(
    predictor: Predictor,
    source: pathlib.Path,
    folder: pathlib.Path,
    stem: str,
    make_tracks: MakeTracks | None,
    options: Options,
    journal: Journal,
) -> Result:
    name = printable(source.name)
    with Video(source) as video:
        account = Account(name, video)
        table = Table(folder / f"{stem}.csv", make_schema(predictor, make_tracks is None), account, journal)
        plot = Plot(folder / f"{stem}.png", name, predictor.quantities, predictor.label_set, crops=options.overlay)
        sinks: list[Sink] = [table, plot]
        if options.overlay:
            sinks.append(VideoOverlay(folder / f"{stem}_overlay.mp4", predictor.label_set, video))
        step_seconds = float(1 / video.rate)
        tracks = None if make_tracks is None else make_tracks(step_seconds)
        sightings = estimate(
            predictor,
            video,
            tracks,
            keep_images=options.overlay,
            step_seconds=step_seconds,
            known=table.known,
        )
        with contextlib.closing(sightings):
            result = feed(sinks, sightings, name, video.expected_frames(), stopping=options.stopping)
    for note in account.notes():
        logging.info("%s", note)
    if video.problem:
        logging.warning("%s; the rows are in %s", video.problem, folder / f"{stem}.csv")
        result.problems.insert(0, video.problem)
    return result
