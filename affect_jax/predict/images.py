"""Photographs: one table for all of them, each with its overlay."""

import pathlib
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from absl import logging
from jaxtyping import UInt8
from tqdm import tqdm

from affect_jax.files.atomic import whole
from affect_jax.files.images import SMALLEST_PX
from affect_jax.predict.decode import Frame, read_image
from affect_jax.predict.estimate import Finder, crop_name, estimate
from affect_jax.predict.overlay import Painter
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.series import SeriesWriter


def predict_images(
    predictor: Predictor,
    sources: Sequence[pathlib.Path],
    folder: pathlib.Path,
    stem: str,
    finder: Finder | None,
    overlay: bool = True,
) -> Result:
    """Writes `<stem>.csv`, a row per picture (frame 0, time 0), and the drawn pictures into `<stem>_overlay/`.

    A picture that cannot be read has no row; the result names it among its problems. A clip network sees each
    picture as a still clip.
    """
    table = folder / f"{stem}.csv"
    result = Result(tables=[table])
    by_name = {source.name: source for source in sources}
    if len(by_name) < len(sources):
        raise ValueError(f"{len(sources) - len(by_name)} of the {len(sources)} pictures bear the name of another one")
    crop = crop_name(predictor, finder is None)
    with SeriesWriter(table, predictor.emotions, predictor.name, crop) as writer:
        rows = estimate(predictor, _frames(sources, result.problems), finder, connected=False)
        for row in tqdm(rows, stem, len(sources), unit="picture", leave=False):
            writer.write(row)
            if overlay:
                picture = Painter(predictor.emotions)(read_image(by_name[row.name]), row)
                result.pictures.append(_write_png(folder / f"{stem}_overlay" / f"{row.name}.png", picture))
    result.frames, result.frames_with_face = writer.rows, writer.rows_with_face
    return result


def _frames(sources: Sequence[pathlib.Path], problems: list[str]) -> Iterator[Frame]:
    """The readable pictures; the others are named in `problems`."""
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


def _write_png(path: pathlib.Path, image: UInt8[np.ndarray, "height width 3"]) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(".png", image[..., ::-1])
    with whole(path) as part:
        data.tofile(part)
    return path
