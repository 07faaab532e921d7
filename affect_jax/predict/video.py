"""Prediction for a video, decoded once: the table, the plot and the overlay."""

import contextlib
import pathlib
import uuid
from collections.abc import Callable

from absl import logging

from affect_jax.files.kinds import printable
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.predict.account import Account
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.frame_rate import FrameRate
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
from affect_jax.tables.export import export_table


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
    journal = Journal(folder / f"{stem}.csv", options.request(_identify(source)))
    return resume(journal, lambda: _predict(predictor, source, folder, stem, make_tracks, options, journal))


def _identify(source: pathlib.Path) -> str:
    """What is read; standard input is never the same again."""
    return uuid.uuid4().hex if source == STANDARD_INPUT else identify([source])


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
    path = folder / f"{stem}.csv"
    with Video(source, options.ids.source(source)) as video:
        rate = FrameRate.choose(predictor, video.rate)
        account = Account(name, video, {**rate.facts(), **options.ids.facts})
        if warning := rate.warning(predictor):
            logging.warning("%s: %s", name, warning)
        predictor = rate.apply(predictor)
        table = Table(path, make_schema(predictor, make_tracks is None, options.include), account, journal)
        sinks = [table, *_pictures(predictor, path, video, options)]
        step_seconds, cast = float(1 / video.rate), options.cast([source])
        tracks = None if make_tracks is None else make_tracks(step_seconds)
        sightings = estimate(
            predictor,
            video,
            tracks,
            keep_images=options.overlay,
            step_seconds=step_seconds,
            known=table.known,
            cast=cast,
        )
        with contextlib.closing(sightings):
            result = feed(sinks, sightings, name, video.expected_frames(), stopping=options.stopping)
    result.problems += cast.problems()
    for note in account.notes():
        logging.info("%s", note)
    if video.problem:
        logging.warning("%s; the rows are in %s", video.problem, path)
        result.problems.insert(0, video.problem)
    return export(result, path, options, is_recording=True)


def _pictures(predictor: Predictor, table: pathlib.Path, video: Video, options: Options) -> list[Sink]:
    """The plot and, if asked for, the overlay."""
    quantities, label_set, title = predictor.quantities, predictor.label_set, options.ids.title(video.path)
    plot = Plot(table.with_name(f"{table.stem}.png"), title, quantities, label_set, crops=options.overlay)
    if not options.overlay:
        return [plot]
    return [plot, VideoOverlay(table.with_name(f"{table.stem}_overlay.mp4"), label_set, video)]


def export(result: Result, table: pathlib.Path, options: Options, is_recording: bool) -> Result:
    """Brings a finished table into the form that was asked for; the result names the files there are then."""
    first, *files = export_table(table, options.export, is_recording)
    result.files = [first, *(file for file in result.files if file != table), *files]
    return result
