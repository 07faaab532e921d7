"""JSON files that may be damaged: read as objects, or refused by name."""

import json
import pathlib
from typing import Any


def read_object(path: pathlib.Path, advice: str) -> dict[str, Any]:
    """Reads a JSON object; ValueError names the file, says what is wrong and ends with `advice`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged (not valid JSON: {error}); {advice}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged ({type(content).__name__} instead of named values); {advice}")
    return content


def read_objects(path: pathlib.Path, key: str) -> list[dict[str, Any]]:
    """Reads a JSON object with `key` from each line; a truncated last line is left out.

    ValueError names the file and the first other line that holds none.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if isinstance(values, dict) and key in values:
            found.append(values)
        elif number < len(lines):
            raise ValueError(f'{path}, row {number}: expected a JSON object with "{key}", found {line[:40]!r}')
    return found
