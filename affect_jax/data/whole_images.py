"""Refuses to use whole images as face crops where they plainly are none.

A network that has learned faces gives plausible but wrong values for a picture of a room with a face in it.
"""

import pathlib
import shlex
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from absl import logging

from affect_jax.files import image_files

Size = tuple[int, int]  # width and height in px
TRIED = 40  # images whose size is looked at
# A face with its surroundings is higher than wide, so that crops are square or up to half as high again as wide.
# Cameras take pictures of 5:4 and more, upright ones of phones are 16:9. Photographs of 2:3 may be crops.
WIDEST, TALLEST = 1.2, 1.7
SMALLEST_PX = 128  # shorter side; nobody keeps whole photographs that are smaller
MOST = 0.5  # share of images that may have such a shape


def evenly(count: int, most: int = TRIED) -> list[int]:
    """At most `most` indices, evenly spread over `count`."""
    return sorted(set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())) if count else []


def is_whole(size: Size) -> bool:
    """Whether an image of that width and height has a shape that face crops do not have; (0, 0) is unknown."""
    width, height = size
    return min(size) >= SMALLEST_PX and (width > WIDEST * height or height > TALLEST * width)


def command(reader: str, root: str | pathlib.Path) -> str:
    """The command that finds the faces of a data set."""
    return f"python -m launch.find_faces --data={reader} --data_root={shlex.quote(str(root))}"


def require_crops(reader: str, root: str | pathlib.Path, sizes: Iterable[Size], allowed: bool, how: str = "") -> None:
    """Logs that the crop is the whole image; ValueError if most images plainly are not face crops.

    Args:
      reader: name of the data set in data/registry.py.
      root: its folder.
      sizes: of some images without landmarks and face box.
      allowed: the reader's option allow_whole_images.
      how: what else locates the faces; by default, `launch.find_faces` does.
    """
    known = [size for size in sizes if min(size) > 0]
    whole = [size for size in known if is_whole(size)]
    if not whole or len(whole) <= MOST * len(known) or allowed:
        odd = f"; {len(whole)} of {len(known)} images tried are no face crops by their shape" if whole else ""
        (logging.warning if whole else logging.info)("%s: no landmarks: the crop is the whole image%s", root, odd)
        return
    width, height = max(set(whole), key=whole.count)
    remedy = how or f"{command(reader, root)} finds the faces and writes them"
    raise ValueError(
        f"{root}: {len(whole)} of {len(known)} images tried are whole pictures such as {width} x {height} px, no face "
        f"crops, and nothing says where the faces are; {remedy}. To use the whole images nevertheless, set "
        "allow_whole_images=true"
    )


def file_sizes(paths: Sequence[str]) -> list[Size]:
    """Sizes of some of the image files as stored; those that cannot be read are left out."""
    checks = [image_files.check(paths[index]) for index in evenly(len(paths))]
    return [(check.width, check.height) for check in checks if not check.reason]


def some_sizes(count: int, size: Callable[[int], Size]) -> list[Size]:
    """Sizes of some of `count` things, by index; those for which ValueError is raised are left out."""
    found = []
    for index in evenly(count):
        try:
            found.append(size(index))
        except ValueError:
            continue
    return found
