"""Prediction for images: one table for all of them, and an overlay for each."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.images import SMALLEST_PX
from affect_jax.files.kinds import printable
from affect_jax.predict.account import Account
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.ids import Ids
from affect_jax.predict.journal import Journal, identify
from affect_jax.predict.options import Options
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.sinks.overlay import ImageOverlays
from affect_jax.predict.sinks.sink import Sink, feed
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame, read_image
from affect_jax.predict.video import export, resume


def predict_images(
    predictor: Predictor,
    sources: Sequence[pathlib.Path],
    folder: pathlib.Path,
    stem: str,
    make_tracks: MakeTracks | None,
    options: Options,
) -> Result:
    """Writes `<stem>.csv` with a row for each face (frame 0, time 0), and overlays in `<stem>_overlay/` if asked for.

    Args:
      predictor: the network; a clip network processes each image as a clip of identical frames.
      sources: files with distinct names.
      folder: where the files go; created if missing.
      stem: prefix of their names.
      make_tracks: makes what finds the faces; if None, each image is treated as a face crop.
      options: of the command.

    An image that cannot be read has no row; it is listed among the problems of the result.
    """
    duplicates = len(sources) - len({source.name for source in sources})
    if duplicates:
        raise ValueError(f"{duplicates} of the {len(sources)} images have the same name as another one")
    journal = Journal(folder / f"{stem}.csv", options.request(identify(sources)))
    return resume(journal, lambda: _predict(predictor, sources, folder, stem, make_tracks, options, journal))


def _predict(
    predictor: Predictor,
    sources: Sequence[pathlib.Path],
    folder: pathlib.Path,
    stem: str,
    make_tracks: MakeTracks | None,
    options: Options,
    journal: Journal,
) -> Result:
    account = Account(printable(stem), more=options.ids.facts)
    schema = make_schema(predictor, make_tracks is None, options.include)
    table = Table(folder / f"{stem}.csv", schema, account, journal)
    sinks: list[Sink] = [table]
    if options.overlay:
        sinks.append(ImageOverlays(folder / f"{stem}_overlay", predictor.label_set))
    unreadable: list[str] = []
    tracks = None if make_tracks is None else make_tracks(0.0)
    cast = options.cast(sources)
    sightings = estimate(
        predictor,
        _frames(sources, options.ids, unreadable),
        tracks,
        connected=False,
        keep_images=options.overlay,
        known=table.known,
        cast=cast,
    )
    with contextlib.closing(sightings):
        result = feed(sinks, sightings, printable(stem), len(sources), "image", options.stopping)
    result.problems += [*unreadable, *cast.problems()]
    for note in account.notes():
        logging.info("%s", note)
    return export(result, folder / f"{stem}.csv", options, is_recording=False)


def _frames(sources: Sequence[pathlib.Path], ids: Ids, problems: list[str]) -> Iterator[Frame]:
    """Yields the images that can be read; appends to `problems` for the others."""
    for source in sources:
        try:
            image = read_image(source)
            _check_size(image, source)
        except (ValueError, FileNotFoundError) as error:
            logging.warning("%s; skipped", error)
            problems.append(str(error))
            continue
        yield Frame(ids.source(source), 0, 0.0, image)


def _check_size(image: UInt8[np.ndarray, "height width 3"], source: pathlib.Path) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise ValueError(f"{source} is {width} x {height} px; a face needs at least {SMALLEST_PX} px")
