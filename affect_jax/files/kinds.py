"""What a file is: an image, by its content; a file of another system that no data set means; something left out."""

import collections
import io
import os
import pathlib
from collections.abc import Sequence

from affect_jax.files.heif import is_heif
from affect_jax.files.image_files import SUFFIXES
from affect_jax.files.images import open_image

HEAD_BYTES = 64
MOTION_JPEG = (".mjpeg", ".mjpg")  # films that begin like a JPEG
MOVES = ("GIF", "AVIF")  # formats that are films if they have several frames
OTHER_SYSTEMS = ("__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "@eadir")


def is_hidden(name: str) -> bool:
    """Whether a name is hidden (".", "._x.jpg" of macOS) or one that another system leaves in folders (Thumbs.db)."""
    return name.startswith(".") or name.lower() in OTHER_SYSTEMS


def is_image(path: pathlib.Path) -> bool:
    """Whether a file is to be read as one image: by its ending, or, under any other name, by its content.

    OSError if the file has to be read and cannot be.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES and suffix != ".gif":
        return True
    if suffix in MOTION_JPEG:
        return False
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        return is_heif(head) or _is_still(file)


def _is_still(file: io.BufferedIOBase) -> bool:
    try:
        with open_image(file) as image:
            return image.format not in MOVES or getattr(image, "n_frames", 1) == 1
    except Exception:  # Pillow may raise almost anything on a file that is no image
        return False


def describe_left_out(paths: Sequence[pathlib.Path]) -> str:
    """Counts files by ending and names the first of each: "3 x .txt (a.txt), 1 without ending (README)"."""
    by_suffix: dict[str, list[str]] = collections.defaultdict(list)
    for path in paths:
        by_suffix[path.suffix.lower()].append(printable(path.name))
    parts = []
    for suffix, names in sorted(by_suffix.items(), key=lambda item: (-len(item[1]), item[0])):
        kind = f"x {suffix}" if suffix else "without ending"
        parts.append(f"{len(names)} {kind} ({names[0]})")
    return ", ".join(parts)


def printable(name: str | os.PathLike) -> str:
    """A file name as text for messages and plots; bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")
