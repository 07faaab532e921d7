"""The video that belongs to a table: where it is, how a page refers to it, and the size of its frames."""

import dataclasses
import os
import pathlib
import urllib.parse

from affect_jax.files.kinds import printable
from affect_jax.predict.sources import Video


@dataclasses.dataclass(frozen=True)
class Film:
    """A video as a page knows it."""

    name: str
    address: str  # relative to the page, or of a file
    width: int = 0  # px of a frame as decoded and upright; 0 if unknown
    height: int = 0


def find(folder: pathlib.Path, source: str) -> pathlib.Path | None:
    """The video of a table in `folder`, if it lies there too."""
    name = pathlib.PurePath(source).name
    path = folder / name
    return path if name and path.is_file() else None


def film(video: pathlib.Path, page_folder: pathlib.Path) -> Film:
    """A video for a page in a folder; ValueError if it is none."""
    with Video(video) as frames:
        image = next(iter(frames)).image
    height, width = image.shape[:2]
    return Film(printable(video.name), address(video, page_folder), width, height)


def missing(source: str) -> Film:
    """A video that is not there yet, expected beside the page under the name that the table has for it."""
    name = pathlib.PurePath(source).name
    return Film(printable(name), _quoted(pathlib.PurePath(name)) if name else "")


def address(video: pathlib.Path, folder: pathlib.Path) -> str:
    """A relative address where there is one, that of a file elsewhere; never one that a browser takes for a scheme."""
    video, folder = video.absolute(), folder.absolute()
    try:
        return _quoted(pathlib.PurePath(os.path.relpath(video, folder)))
    except ValueError:  # on another drive
        return video.as_uri()


def _quoted(path: pathlib.PurePath) -> str:
    steps = [urllib.parse.quote(os.fsencode(step), safe="") for step in path.parts]
    return "/".join(steps if steps[0] == ".." else [".", *steps])
