"""A lock on a workdir, so that one process at a time trains in it; it ends with the process that holds it."""

import contextlib
import datetime
import errno
import fcntl
import json
import os
import pathlib
import socket
from collections.abc import Iterator
from typing import TextIO

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.disk import naming
from affect_jax.train.damage import LOCK

HELD = (errno.EWOULDBLOCK, errno.EACCES)
WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextlib.contextmanager
def hold(workdir: pathlib.Path) -> Iterator[None]:
    """Holds a workdir, which is created if missing; UsageError names the process that already holds it.

    The file LOCK in it contains the process, host and start of its holder.
    The operating system releases the lock of a process that has ended, however it ended: a file left behind by a
    crash blocks nobody.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    path = workdir / LOCK
    file = _acquire(path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # before the release: nobody else can have locked it
        if file is not None:
            file.close()


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
                raise UsageError(
                    f"{path.parent} is in use by {holder}; wait until it ends, or stop it. Evaluations and predictions "
                    "can use the folder meanwhile"
                ) from error
            if error.errno not in WITHOUT_LOCKS:
                raise
            logging.warning(
                "%s: this file system has no locks (%s), so nothing prevents another process from training here too",
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
