"""A fingerprint of a data set, which tells whether it is still the same when a run is resumed."""

import hashlib

import numpy as np

from affect_jax.data.source import as_table
from affect_jax.types import Source

# Metadata of an option of a reader that changes nothing at its default: what was stored before it existed stays valid.
ADDED_LATER = {"added_later": True}
TEXTS = 65536  # strings that are put together at once


def source_fingerprint(source: Source) -> dict[str, int | str]:
    """Number of examples, and a hash of their names, subjects and labels, in order; images are not read."""
    table = as_table(source.examples)
    digest = hashlib.sha256()
    for column in (table.names, table.subjects, table.clips):
        for start in range(0, len(table), TEXTS):
            text = "\0".join(column[start : start + TEXTS].tolist())
            digest.update(("\0" * bool(start) + text).encode("utf-8", "surrogatepass"))
    arrays = {"frames": (table.frames, np.int64), "time_seconds": (table.time_seconds, np.float64)}
    for name, label in sorted(table.labels.items()):
        arrays |= {name: (label.value, np.float32), f"{name} weight": (label.weight, np.float32)}
    for name, (array, kind) in arrays.items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array, kind).data)  # most are so already, and are not copied
    return {"examples": len(table), "sha256": digest.hexdigest()}
