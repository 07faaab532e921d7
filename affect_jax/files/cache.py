"""The folder of what can be made again."""

import os
import pathlib


def cache_folder() -> pathlib.Path:
    """Our folder in the user's cache directory: compiled programs, and which method was measured to be faster."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "affect_jax"
