"""Prediction for images: one table for all of them, and an overlay for each."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.images import SMALLEST_PX
from affect_jax.files.kinds import printable
from affect_jax.predict.account import Account
from affect_jax.predict.crops import Finder
from affect_jax.predict.estimate import estimate, make_schema
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.sinks.overlay import ImageOverlays
from affect_jax.predict.sinks.sink import Sink, feed
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame, read_image


def predict_images(
    predictor: Predictor,
    sources: Sequence[pathlib.Path],
    folder: pathlib.Path,
    stem: str,
    finder: Finder | None,
    overlay: bool = True,
) -> Result:
    """Writes `<stem>.csv` with a row per image (frame 0, time 0), and the overlays in `<stem>_overlay/`.

    Args:
      predictor: the network; a clip network processes each image as a clip of identical frames.
      sources: files with distinct names.
      folder: where the files go; created if missing.
      stem: prefix of their names.
      finder: finds the face; if None, each image is treated as a face crop.
      overlay: whether to write the overlays.

    An image that cannot be read has no row; it is listed among the problems of the result.
    """
    duplicates = len(sources) - len({source.name for source in sources})
    if duplicates:
        raise ValueError(f"{duplicates} of the {len(sources)} images have the same name as another one")
    account = Account(printable(stem))
    sinks: list[Sink] = [Table(folder / f"{stem}.csv", make_schema(predictor, whole_frame=finder is None), account)]
    if overlay:
        sinks.append(ImageOverlays(folder / f"{stem}_overlay", predictor.label_set))
    unreadable: list[str] = []
    frames = _frames(sources, unreadable)
    rows = estimate(predictor, frames, finder, connected=False, keep_images=overlay)
    result = feed(sinks, rows, printable(stem), len(sources), unit="image")
    result.problems += unreadable
    for note in account.notes():
        logging.info("%s", note)
    return result


def _frames(sources: Sequence[pathlib.Path], problems: list[str]) -> Iterator[Frame]:
    """Yields the images that can be read; appends to `problems` for the others."""
    for source in sources:
        try:
            image = read_image(source)
            _check_size(image, source)
        except (ValueError, FileNotFoundError) as error:
            logging.warning("%s; skipped", error)
            problems.append(str(error))
            continue
        yield Frame(source.name, 0, 0.0, image)


def _check_size(image: UInt8[np.ndarray, "height width 3"], source: pathlib.Path) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise ValueError(f"{source} is {width} x {height} px; a face needs at least {SMALLEST_PX} px")
