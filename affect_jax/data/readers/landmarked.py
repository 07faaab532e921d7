"""Image files of which a folder may hold the landmarks: the usable ones, with landmarks that can belong to them."""

import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import Float, Int

from affect_jax.data.belonging import check_landmarks, log_notes, misplaced
from affect_jax.data.landmark_files import NO_FACE, check_distinct, landmark_file, read_points
from affect_jax.data.readers.lists import ImageListConfig, check_image_files
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.whereabouts import too_deep
from affect_jax.data.whole_images import Size, command, file_sizes, require_crops
from affect_jax.files.image_files import ImageCheck


class Place(NamedTuple):
    """Where the images of a data set lie, and their landmarks."""

    reader: str  # name of the data set in data/registry.py
    root: pathlib.Path
    top: pathlib.Path  # which the paths of the images are relative to
    landmarks: pathlib.Path | None  # folder of the landmark files; None: the crop is the whole image
    upright: bool  # whether landmarks are in px of the image turned as its EXIF orientation says


class Usable(NamedTuple):
    """The images that can be used."""

    kept: Int[np.ndarray, "image"]  # indices of the images
    landmarks: Float[np.ndarray, "image 68 2"] | None  # in px
    sizes: list[Size]  # (0, 0) where the files were not checked


def usable_images(
    images: Sequence[pathlib.Path], place: Place, config: ImageListConfig, skipped: SkippedRows
) -> Usable:
    """Checks the image files and reads their landmarks; records those that cannot be used, counted from 1.

    FileNotFoundError if there is a folder of landmarks without any of these images.
    """
    if place.landmarks is not None:
        check_distinct(images)
        _require_some(images, place)
    checks = [ImageCheck("")] * len(images)
    if config.check_images:
        checks = list(check_image_files([str(path) for path in images]))
    kept, points, sizes = [], [], []
    for index, (path, check) in enumerate(zip(images, checks, strict=True)):
        size = (check.height, check.width) if check.turned and place.upright else (check.width, check.height)
        try:
            landmarks = _landmarks(path, check.reason, size, place)
        except RowFault as fault:
            skipped.refuse(str(path), index + 1, fault)
            continue
        if place.landmarks is not None and landmarks is None:
            skipped.left_out.append((str(path), index + 1, NO_FACE))
            continue
        kept.append(index)
        points.append(landmarks)
        sizes.append(size)
    stacked = np.stack(points) if points and place.landmarks is not None else None
    return Usable(np.array(kept, np.int64), stacked, sizes)


def _landmarks(path: pathlib.Path, reason: str, size: Size, place: Place) -> Float[np.ndarray, "68 2"] | None:
    """The landmarks of an image; None if there are none. RowFault if it cannot be used."""
    if reason:
        raise RowFault(reason, f"expected a complete image at {path}")
    if place.landmarks is None:
        return None
    landmarks = read_points(landmark_file(place.landmarks, path, place.top))
    if landmarks is not None and size[0] and (reason := misplaced(landmarks, None, *size)):
        raise RowFault(reason, f"of {path}, {size[0]} x {size[1]} px")
    return landmarks


def check_usable(images: Sequence[pathlib.Path], usable: Usable, place: Place, allow_whole_images: bool) -> None:
    """Notes what is unlikely about the landmarks; without any, ValueError if the images plainly are not face crops."""
    if usable.landmarks is None:
        paths = [str(images[index]) for index in usable.kept]
        require_crops(place.reader, place.root, file_sizes(paths), allow_whole_images)
        return
    logging.info("%s: faces are cropped by the landmarks in %s", place.top, place.landmarks)
    sizes = np.array(usable.sizes, np.float64)
    known = sizes.all(1)
    log_notes(str(place.root), check_landmarks(str(place.root), usable.landmarks[known], sizes[known]))


def _require_some(images: Sequence[pathlib.Path], place: Place) -> None:
    """FileNotFoundError if no image has landmarks in their folder."""
    files = [landmark_file(place.landmarks, path, place.top) for path in images]
    if not files or any(os.path.isfile(file) for file in files):  # Path.is_file raises for names that are too long
        return
    hint = too_deep(place.landmarks, lambda below: landmark_file(below, images[0], place.top).is_file())
    remedy = f"; {command(place.reader, place.root)} makes them"
    raise FileNotFoundError(f"{place.landmarks} has no landmarks of these images, such as {files[0]}{hint or remedy}")
