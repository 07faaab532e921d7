"""File systems that are full or read-only: what happened, in one sentence."""

import contextlib
import errno
import os
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import NamedTuple

from affect_jax.files.paths import first_existing

FULL = "make room and run the same command again"
ELSEWHERE = "choose another folder"
CAUSES = {
    errno.ENOSPC: ("is full", FULL),
    errno.EDQUOT: ("has no room left in your quota", FULL),
    errno.EROFS: ("is read-only", ELSEWHERE),
}
# TensorStore reports errors as text: 'Error writing local file "/w/1/x": ...: No space left [os_error_code='28']'.
CODE = re.compile(r"\[os_error_code='(\d+)'\]")
PATH = re.compile(r'"(/[^"]+)"')
UNFINISHED = re.compile(r"\.orbax-checkpoint-tmp(/.*)?$|(\.\d+)?\.part$")  # endings of what is being written


class DiskError(OSError):
    """A file system is full or cannot be written; the message is a whole sentence for the user."""


class Fault(NamedTuple):
    """Why a file could not be written, and what the user can do."""

    problem: str
    remedy: str


def find_fault(error: BaseException | None, place: str | os.PathLike | None = None) -> Fault | None:
    """The fault of a file system that led to an error; None if there was none.

    `place` is where the command writes, for errors that do not know their path.
    """
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        code, path = _code_and_path(error)
        if code in CAUSES:
            return _fault(code, path or place)
        error = error.__cause__ or error.__context__
    return None


def _code_and_path(error: BaseException) -> tuple[int | None, str]:
    code = getattr(error, "errno", None)
    if code is not None:
        return code, str(getattr(error, "filename", None) or "")
    text = str(error)
    found, path = CODE.search(text), PATH.search(text)
    return int(found[1]) if found else None, path[1] if path else ""


def _fault(code: int, path: str | os.PathLike | None) -> Fault:
    state, remedy = CAUSES[code]
    if not path:
        return Fault(f"a file could not be written: the file system {state}", remedy)
    target = UNFINISHED.sub("", str(path))
    mount = mount_point(target)
    if code == errno.ENOSPC:
        room = shutil.disk_usage(mount)
        state += f" ({_megabytes(room.free)} of {_megabytes(room.total)} left)"
    return Fault(f"{target} could not be written: the file system {mount} {state}", remedy)


def mount_point(path: str | os.PathLike) -> pathlib.Path:
    """The folder at which the file system of a path is mounted."""
    place = first_existing(path).resolve()
    while not place.is_mount():
        place = place.parent
    return place


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def require_writable(path: pathlib.Path, remedy: str = ELSEWHERE) -> None:
    """Raises DiskError if nothing can be written at a path, before any work is lost."""
    place = first_existing(path)
    if os.access(place, os.W_OK):
        return
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        problem = _fault(errno.EROFS, path).problem
    else:
        problem = f"{path} could not be written: this user may not write to {place}"
    raise DiskError(f"{problem}; {remedy}")


def require_renaming(folder: pathlib.Path) -> None:
    """Raises DiskError if files and folders in `folder` cannot be renamed, by which they appear complete or not at all.

    Some network and object stores mounted as folders cannot, or copy instead.
    """
    first, second = (folder / f".rename-{os.getpid()}-{name}" for name in ("first", "second"))
    try:
        for place in (first, second):
            place.mkdir(exist_ok=True)
            (place / "file").touch()
        os.replace(first / "file", second / "file")
        first.rename(folder / f"{first.name}.renamed")
    except OSError as error:
        if find_fault(error) is not None:
            raise
        raise DiskError(
            f"{folder}: its file system cannot rename files and folders ({error.strerror or error}), by which "
            f"checkpoints appear complete or not at all; {ELSEWHERE} on another file system"
        ) from error
    finally:
        for place in (first, second, folder / f"{first.name}.renamed"):
            shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def naming(path: str | os.PathLike) -> Iterator[None]:
    """Adds the path to errors of writing, which do not know it."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise
