"""The cache folder: files that can be regenerated."""

import os
import pathlib


def cache_folder() -> pathlib.Path:
    """Returns our folder in the user's cache directory: compiled programs and timing results."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "affect_jax"
