"""Photographs: one table for all of them, each with its overlay."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.files.images import SMALLEST_PX
from affect_jax.predict.estimate import Finder, estimate, schema_of
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
    """Writes `<stem>.csv`, a row per image (frame 0, time 0), and the drawn images into `<stem>_overlay/`.

    Args:
      predictor: the network; a clip network sees each image as a still clip.
      sources: files of different names.
      folder: where the files go; made where it does not exist.
      stem: what their names begin with.
      finder: finds the face; without one every image is taken for a face crop.
      overlay: whether to write the images with the drawings.

    An image that cannot be read has no row; the result names it among its problems.
    """
    double = len(sources) - len({source.name for source in sources})
    if double:
        raise ValueError(f"{double} of the {len(sources)} pictures bear the name of another one")
    sinks: list[Sink] = [Table(folder / f"{stem}.csv", schema_of(predictor, whole_frame=finder is None))]
    if overlay:
        sinks.append(ImageOverlays(folder / f"{stem}_overlay", predictor.label_set))
    unreadable: list[str] = []
    frames = _frames(sources, unreadable)
    rows = estimate(predictor, frames, finder, connected=False, keep_images=overlay)
    result = feed(sinks, rows, stem, len(sources), unit="image")
    result.problems += unreadable
    return result


def _frames(sources: Sequence[pathlib.Path], problems: list[str]) -> Iterator[Frame]:
    """The images that can be read; the others are named in `problems`."""
    for source in sources:
        try:
            image = _large_enough(read_image(source), source)
        except ValueError as error:
            logging.warning("%s; it is left out", error)
            problems.append(str(error))
            continue
        yield Frame(source.name, 0, 0.0, image)


def _large_enough(image: UInt8[np.ndarray, "height width 3"], source: pathlib.Path) -> np.ndarray:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise ValueError(f"{source} is {width} x {height} px; expected at least {SMALLEST_PX} px to see a face on")
    return image
