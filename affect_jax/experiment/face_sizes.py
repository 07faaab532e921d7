"""Looks whether images without landmarks are face crops, where their shape does not tell: how large the faces are.

Only if the face finder is there already: nothing is downloaded, and without it the check is left out.
"""

import numpy as np
from absl import logging
from jaxtyping import Int, UInt8

from affect_jax.data.face_search import SEARCHES
from affect_jax.data.source import as_table
from affect_jax.data.whole_images import SMALLEST_PX, command, evenly
from affect_jax.faces import model_file
from affect_jax.predict.tracking import Finder
from affect_jax.types import Source, UnreadableImage

TRIED = 12  # images
# Mean of width and height of the landmarks' box over the longer side of the image. EmoNet's crop has 0.55, one of 1.3
# times the box 0.77 and one of 2.6 times still 0.39 (docs/results/face_detection.md); a man from his shoulders up 0.25.
WHOLE, LOOSE = 1 / 3, 0.45
MOST_MISSED = 0.5  # share of the images in which no face may be found


def cached_finder() -> Finder | None:
    """The face finder if the extra `face` is installed and its model is in the cache."""
    try:
        from affect_jax.faces.finder import FaceFinder

        return FaceFinder() if model_file.is_cached() else None
    except (ImportError, OSError):
        return None


def check_face_sizes(source: Source, reader: str, root: str) -> None:
    """ValueError if the faces of images without landmarks are so small that the images are not face crops.

    `source` is what the reader of that name in data/registry.py returns for `root`.
    """
    labels = as_table(source.examples).labels
    located = "landmarks" in labels and labels["landmarks"].weight > 0
    rows = np.flatnonzero(~np.broadcast_to(located, len(source.examples)))
    images = _some_images(source, rows)
    if not images or (finder := cached_finder()) is None:
        return
    shares = []
    for image in images:
        finder.reset()
        if (face := finder.find(image)) is not None:
            shares.append(float(np.ptp(face.landmarks, axis=0).mean()) / max(image.shape[:2]))
    if len(shares) < max(1, (1 - MOST_MISSED) * len(images)) or (share := float(np.median(shares))) >= LOOSE:
        return
    found = f"{root}: faces span {share:.0%} of the images (the median of {len(shares)} tried)"
    remedy = "crop them"
    if reader in SEARCHES:
        remedy = f"{command(reader, root)} finds the faces and writes them"
    if share >= WHOLE:
        logging.warning("%s; the crop is the whole image, where those by landmarks have 55%%: %s", found, remedy)
        return
    raise ValueError(
        f"{found}, so these are no face crops, and nothing says where the faces are; {remedy}. To use the whole images "
        "nevertheless, set allow_whole_images=true"
    )


def _some_images(source: Source, rows: Int[np.ndarray, "example"]) -> list[UInt8[np.ndarray, "height width 3"]]:
    """Some images of these rows that can be read and are not as small as crops only are."""
    images = []
    for place in evenly(len(rows), TRIED):
        try:
            image = source.image(int(rows[place]))
        except UnreadableImage:
            continue
        if min(image.shape[:2]) >= SMALLEST_PX:
            images.append(image)
    return images
