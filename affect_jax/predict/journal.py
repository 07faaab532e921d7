"""What an unfinished or finished table belongs to, so that the same command goes on instead of starting over."""

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from absl import logging

from affect_jax.files.atomic import open_atomically
from affect_jax.predict.result import Result

COUNTS = ("frames", "frames_with_face", "rows")


class Journal:
    """`<name>.resume.json` beside a table: the request it answers, and its result once it is finished.

    It is written before the first row, and removed when the whole command is done.
    """

    def __init__(self, table: pathlib.Path, request: Mapping[str, Any]):
        """`request`: everything that the rows depend on, as JSON values."""
        self.path = table.with_suffix(".resume.json")
        self._table = table
        self._request = json.loads(json.dumps({**request, "affect_jax": _version()}, default=str))

    def difference(self) -> str:
        """Returns why a part file cannot be continued; "" if it belongs to the same request."""
        found = self._read()
        if not found:
            return f"{self.path.name}, which says what it belongs to, is missing or damaged"
        before = found.get("request")
        if before == self._request:
            return ""
        if not isinstance(before, dict):
            return f"{self.path.name} is damaged"
        names = [name for name in {**before, **self._request} if before.get(name) != self._request.get(name)]
        return f"it was written with another {', '.join(names)}"

    def finished(self) -> Result | None:
        """The result of an earlier run of the same command that finished this table; None if it has to be predicted."""
        found = self._read()
        if found.get("request") != self._request or "result" not in found:
            return None
        result = found["result"]
        files = [self._table.parent / name for name in result["files"]]
        if not all(file.exists() for file in files):
            return None
        logging.info("%s: finished before by the same command", self._table)
        counts = {name: result[name] for name in COUNTS}
        return Result(**counts, files=files, problems=result["problems"], journals=[self.path])

    def begin(self) -> None:
        """Says that the part file belongs to this request from now on."""
        self._write({})

    def finish(self, result: Result) -> None:
        """Records the result."""
        entry: dict[str, Any] = {name: getattr(result, name) for name in COUNTS}
        entry["files"] = [os.path.relpath(file, self._table.parent) for file in result.files]
        entry["problems"] = result.problems
        self._write({"result": entry})
        result.journals.append(self.path)

    def remove(self) -> None:
        """Removes the file, if there is one."""
        self.path.unlink(missing_ok=True)

    def _write(self, more: Mapping[str, Any]) -> None:
        with open_atomically(self.path) as file:
            json.dump({"request": self._request, **more}, file, indent=1)

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        return {}


def identify(paths: Iterable[pathlib.Path]) -> str:
    """A digest of the paths, sizes and times of files: the same only if none was changed. It reveals no names."""
    digest = hashlib.sha256()
    for path in paths:
        with contextlib.suppress(OSError):  # one that cannot be read is a problem later
            state = path.stat()
            digest.update(os.fsencode(f"{state.st_size} {state.st_mtime_ns} "))
        digest.update(os.fsencode(path.absolute()) + b"\0")
    return digest.hexdigest()


def _version() -> str:
    try:
        return version("affect_jax")
    except PackageNotFoundError:  # a copy of the sources that was not installed
        return "unknown"
