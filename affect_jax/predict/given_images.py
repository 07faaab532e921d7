"""Images that a program hands over: paths, arrays, or several of both."""

import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from affect_jax.files.images import SMALLEST_PX
from affect_jax.files.paths import expand_home
from affect_jax.ops.image_checks import check_photograph
from affect_jax.predict.sources import Frame, read_image

Pixels = UInt8[np.ndarray, "_ _ 3"]  # [height, width, 3], each of its own size
Given = tuple[str, pathlib.Path | Pixels]  # name in the table, and what to read or to use


def list_images(images: Any) -> list[Given]:
    """Names and checks images before anything is computed.

    Files are called by their names, or by their paths if two names are equal; arrays by their numbers. ValueError for
    what is no image, FileNotFoundError for a file that is not there.
    """
    if isinstance(images, str | os.PathLike):
        found = [images]
    elif isinstance(images, Iterable):
        single = getattr(images, "ndim", None) == 3 or hasattr(images, "getbands")  # an array, or an image of Pillow
        found = [images] if single else list(images)
    else:
        raise ValueError(f"images is a {type(images).__name__}; expected paths or arrays")
    if not found:
        raise ValueError("no image is given; expected paths or arrays")
    checked = [_check(each, number) for number, each in enumerate(found)]
    names = [each.name for each in checked if isinstance(each, pathlib.Path)]
    distinct = len(set(names)) == len(names)
    return [(_name(each, number, distinct), each) for number, each in enumerate(checked)]


def _name(image: pathlib.Path | Pixels, number: int, distinct: bool) -> str:
    if isinstance(image, pathlib.Path):
        return image.name if distinct else str(image)
    return str(number)


def _check(image: Any, number: int) -> pathlib.Path | Pixels:
    if isinstance(image, str | os.PathLike):
        path = pathlib.Path(expand_home(os.fspath(image)))
        if path.is_dir():
            raise ValueError(f"{path} is a folder; give the images in it, as by sorted(Path('{path}').glob('*.jpg'))")
        if not path.is_file():
            raise FileNotFoundError(f"no image at {path}")
        return path
    array = np.asarray(image)
    try:
        check_photograph(array)
        _check_size(array)
    except ValueError as error:
        raise ValueError(f"image {number}: {error}") from None
    return array


def _check_size(image: Pixels) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise ValueError(f"the image is {width} x {height} px; a face needs at least {SMALLEST_PX} px")


def read_frames(given: Sequence[Given], problems: list[str]) -> Iterator[Frame]:
    """Yields the images that can be read; appends a sentence to `problems` for each of the others."""
    for name, image in given:
        if isinstance(image, pathlib.Path):
            try:
                pixels = read_image(image)
                _check_size(pixels)
            except (ValueError, FileNotFoundError) as error:
                problems.append(str(error) if str(image) in str(error) else f"{image}: {error}")
                continue
        else:
            pixels = image
        yield Frame(name, 0, 0.0, pixels)
