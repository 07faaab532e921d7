"""Landmarks of still images: one text file per image, in the form of CK+ (68 lines "x y" in px).

An empty file means that no face was found when the files were made, which is not a fault of the data set.
"""

import pathlib
from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from affect_jax.data.skipped import RowFault
from affect_jax.files.atomic import replace_atomically
from affect_jax.types import LANDMARKS

FOLDER = "landmarks"
ENDING = "_landmarks.txt"
NO_FACE = "no face was found in the image"


def landmark_file(folder: pathlib.Path, image: pathlib.Path, top: pathlib.Path) -> pathlib.Path:
    """Returns the file of an image below `top`: `<folder>/happy/a_landmarks.txt` for `<top>/happy/a.jpg`."""
    return folder / image.relative_to(top).parent / f"{image.stem}{ENDING}"


def check_distinct(images: Iterable[pathlib.Path]) -> None:
    """ValueError if two images would share a landmark file, because they differ in their ending only."""
    seen: dict[pathlib.Path, pathlib.Path] = {}
    for image in images:
        other = seen.setdefault(image.with_suffix(""), image)
        if other != image:
            raise ValueError(
                f"{other} and {image.name} would share the landmarks {image.stem}{ENDING}; rename one of them"
            )


def read_points(path: pathlib.Path) -> Float[np.ndarray, "68 2"] | None:
    """Reads landmarks in px; None if no face was found in the image. RowFault if the file is missing or wrong."""
    try:
        cells = path.read_text(errors="replace").split()
    except FileNotFoundError:
        raise RowFault("landmarks are missing", f"no {path}; python -m launch.find_faces makes it") from None
    except OSError as error:
        raise RowFault("landmarks cannot be read", f"{path}: {error.strerror}") from None
    if not cells:
        return None
    try:
        with np.errstate(over="ignore"):  # such numbers are refused below
            values = np.array(cells, np.float32)
    except ValueError:
        raise RowFault("landmarks are not numbers", f"{path}, expected 68 lines of x and y in px") from None
    if values.size != 2 * LANDMARKS or not np.isfinite(values).all():
        raise RowFault("wrong number of landmarks", f"{path} has {values.size} values, expected 68 lines of x and y")
    points = values.reshape(LANDMARKS, 2)
    if (points.max(0) <= points.min(0)).any():
        raise RowFault("landmarks span no area", f"all points of {path} lie on a line")
    return points


def write_points(path: pathlib.Path, landmarks: Float[np.ndarray, "68 2"] | None) -> None:
    """Writes landmarks in px, or an empty file if no face was found; creates the folder. Atomic."""
    lines = [] if landmarks is None else [f"{x:.2f} {y:.2f}\n" for x, y in landmarks.tolist()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(path) as part:
        part.write_text("".join(lines), encoding="utf-8")
