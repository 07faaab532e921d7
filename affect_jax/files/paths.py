"""Paths as users write them."""

import os
import pathlib
import re

HOME = re.compile(r"~[\w.-]*(/|$)")
LONGEST_NAME, LONGEST_PATH = 250, 3000  # bytes; an ending and a folder come on top


def expand_home(text: str) -> str:
    """Replaces a leading ~ or ~user, which shells leave alone in --name=~/x; ValueError if that home is unknown."""
    if not HOME.match(text):
        return text
    expanded = os.path.expanduser(text)
    own = text.startswith("~/") or text == "~"
    if expanded == text or (own and os.environ.get("HOME") == ""):
        raise ValueError(f"{text} is in an unknown home folder; write the path in full (./{text} is a name with a ~)")
    return expanded


def first_existing(path: str | os.PathLike) -> pathlib.Path:
    """The path itself, or the closest folder above it that exists."""
    place = pathlib.Path(path).absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    return place


def is_single_name(text: str) -> bool:
    """Whether a text names a file inside a folder, and nothing outside of it."""
    return bool(text) and not text.startswith(".") and "/" not in text and text.isprintable()


def is_possible(path: str) -> bool:
    """Whether a file can have this path: one out of a damaged list may hold a zero byte, or be too long to be asked."""
    parts = [len(part.encode("utf-8", "replace")) for part in path.split("/")]
    return "\0" not in path and max(parts) <= LONGEST_NAME and sum(parts) <= LONGEST_PATH
