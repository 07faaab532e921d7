"""Locks of one process on a file; they name their holder and end with it, however it ends."""

import contextlib
import datetime
import errno
import fcntl
import json
import os
import pathlib
import socket
import time
from collections.abc import Iterator
from typing import TextIO

from absl import logging

from affect_jax.files.disk import naming

HELD = (errno.EWOULDBLOCK, errno.EACCES)
WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
POLL_SECONDS = 0.5


class Held(Exception):
    """Another process holds the lock; the message names it."""


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[TextIO | None]:
    """Holds the lock on a file, which contains the process, host and start of its holder; Held if another one does.

    The operating system releases the lock of a process that has ended: a file left behind by a crash blocks nobody.
    On a file system without locks, there is a warning instead, and None for the locked file. A process that inherits
    the file's descriptor keeps the lock for as long as it lives.
    """
    file = _acquire(path)
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # before the release: nobody else can have locked it
        if file is not None:
            file.close()


@contextlib.contextmanager
def locked_after_waiting(path: pathlib.Path, quietly: bool = False) -> Iterator[None]:
    """Holds the lock on a file, like `locked`, once any other holder has released it.

    With `quietly`, for locks that are held for moments, there is no warning.
    """
    with contextlib.ExitStack() as stack:
        waiting_for = None
        while True:
            try:
                stack.enter_context(locked(path))
                break
            except Held as holder:
                if str(holder) != waiting_for and not quietly:
                    logging.warning("waiting for %s, which holds %s", holder, path)
                waiting_for = str(holder)
            time.sleep(POLL_SECONDS)
        yield


def _acquire(path: pathlib.Path) -> TextIO | None:
    """The locked file; None on a file system without locks."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before us may have removed the file between our two calls: then we locked a file without name.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                _write_holder(file, path)
                return file
            file.close()
        except OSError as error:
            holder = _read_holder(file)
            file.close()
            if error.errno in HELD:
                raise Held(holder) from error
            if error.errno not in WITHOUT_LOCKS:
                raise
            logging.warning(
                "%s: this file system has no locks (%s), so nothing prevents another process from writing here too",
                path.parent,
                error.strerror,
            )
            return None


def _write_holder(file: TextIO, path: pathlib.Path) -> None:
    since = datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    with naming(path):
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        file.flush()


def _read_holder(file: TextIO) -> str:
    try:
        file.seek(0)
        holder = json.loads(file.read())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # which has not written its name yet
