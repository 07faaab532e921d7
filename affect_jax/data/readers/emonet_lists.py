"""Converts EmoNet's pickled lists of AffectNet to rows of a CSV list for the `affectnet` reader.

A list is a dict: image name -> {expression, valence, arousal, landmarks_fan, expression_correct, ...}, plus the key
"folder", which is not an image. The landmarks are 68 (x, y) points in pixels of the image, predicted by FAN.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from affect_jax.data.readers.affectnet_rows import COLUMNS, CORRECT, parse
from affect_jax.data.skipped import RowFault, SkippedRows

LIST_COLUMNS = (*COLUMNS, CORRECT)
NOT_IMAGES = ("folder",)
LANDMARKS = "landmarks_fan"


def list_rows(entries: Any, skipped: SkippedRows) -> list[dict[str, str]]:
    """Returns a row for each usable image; others are recorded in `skipped` by their position in the dict.

    ValueError if `entries` is not such a dict.
    """
    if not isinstance(entries, Mapping) or not entries:
        raise ValueError(
            f"{skipped.where} contains {type(entries).__name__}, expected a dict of image names; is it one of "
            "EmoNet's lists, such as test_fullpath.pkl?"
        )
    rows = []
    for number, (name, entry) in enumerate(entries.items(), 1):
        if name in NOT_IMAGES:
            continue
        try:
            row = _row(name, entry)
            parse(row)
        except RowFault as fault:
            skipped.refuse(str(name)[:200], number, fault)
        else:
            rows.append(row)
    return rows


def _row(name: Any, entry: Any) -> dict[str, str]:
    if not isinstance(name, str) or not isinstance(entry, Mapping):
        raise RowFault("entry is not an image", f"{name!r:.60} -> {type(entry).__name__}, expected a name and a dict")
    if missing := [key for key in ("expression", "valence", "arousal") if key not in entry]:
        raise RowFault(f"entry has no {missing[0]}", f"{name} has only {', '.join(map(str, entry))}")
    row = dict.fromkeys(LIST_COLUMNS, "")
    row["subDirectory_filePath"] = name
    row.update({key: _number(entry[key], key) for key in ("expression", "valence", "arousal")})
    row["facial_landmarks"] = _points(entry.get(LANDMARKS))
    if entry.get(CORRECT) is not None:
        row[CORRECT] = str(int(float(_number(entry[CORRECT], CORRECT)) != 0))
    return row


def _number(value: Any, key: str) -> str:
    """Formats a number; accepts arrays with one element and strings."""
    try:
        number = float(np.asarray(value).reshape(()).item())
    except (TypeError, ValueError):
        raise RowFault(f"{key} is not a number", f"{key} is {value!r:.40}, expected a number") from None
    return f"{number:.9g}"


def _points(value: Any) -> str:
    if value is None:
        return ""
    try:
        points = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise RowFault(f"{LANDMARKS} are not numbers", f"{value!r:.40}, expected 68 pairs of x and y") from None
    if points.shape != (68, 2):
        raise RowFault("wrong number of landmarks", f"{LANDMARKS} has shape {points.shape}, expected (68, 2)")
    return ";".join(f"{coordinate:.7g}" for coordinate in points.ravel())
