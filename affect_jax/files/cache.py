"""The cache folder: files that can be regenerated."""

import functools
import os
import pathlib
import tempfile

from absl import logging

NAME = "affect_jax"
TRIAL_BYTES = 1 << 16  # written once and removed, to notice a full or read-only file system


def user_cache() -> pathlib.Path | None:
    """Our folder in the user's cache directory; None without a home folder, as for an unnamed user of a container."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return pathlib.Path(os.path.expanduser(given)) / NAME
    home = os.path.expanduser("~")
    if home in ("~", "", os.sep):
        return None
    return pathlib.Path(home) / ".cache" / NAME


def cache_folder() -> pathlib.Path:
    """A folder that can be written, for compiled programs and timings: `user_cache`, or else a temporary folder.

    The first time that the temporary folder is used, a message says so.
    """
    return _writable(user_cache())


def cached_file(name: str) -> pathlib.Path:
    """Path of a file in `user_cache` if it is there, even in a folder that can only be read; else in `cache_folder`."""
    own = user_cache()
    if own is not None and os.path.isfile(own / name) and os.access(own / name, os.R_OK):
        return own / name
    return cache_folder() / name


@functools.cache
def _writable(wanted: pathlib.Path | None) -> pathlib.Path:
    reason = "there is no home folder" if wanted is None else _fault(wanted)
    if not reason:
        return wanted
    folder = _temporary_folder()
    logging.warning(
        "%s: compiled programs and timings are kept in %s; set XDG_CACHE_HOME to keep them elsewhere", reason, folder
    )
    return folder


def _fault(folder: pathlib.Path) -> str:
    """Why files cannot be written to a folder; "" if they can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(TRIAL_BYTES))
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})"
    return ""


def _temporary_folder() -> pathlib.Path:
    """The same folder for each command of a user, unless another user owns it: programs in it are executed."""
    user = os.getuid()
    folder = pathlib.Path(tempfile.gettempdir()) / f"{NAME}_{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:  # a file
        return pathlib.Path(tempfile.mkdtemp(prefix=f"{NAME}_"))
    if folder.is_symlink() or folder.stat().st_uid != user or _fault(folder):
        return pathlib.Path(tempfile.mkdtemp(prefix=f"{NAME}_"))
    return folder
