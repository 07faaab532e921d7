"""The terms of the steps since the last log line, as JSON in a checkpoint: a resumed run logs the same means."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def to_json(waiting: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Writes terms, which are scalars, with their dtypes; every value of up to 64 bits comes back exactly."""
    steps = []
    for terms in waiting:
        steps.append({name: [np.asarray(value).item(), np.asarray(value).dtype.name] for name, value in terms.items()})
    return {"steps": steps}


def from_json(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reads what `to_json` wrote."""
    waiting = []
    for terms in content["steps"]:
        waiting.append({name: np.asarray(value, dtype=np.dtype(dtype)) for name, (value, dtype) in terms.items()})
    return waiting
