"""A fingerprint of a data set, which tells whether it is still the same when a run is resumed."""

import hashlib

import numpy as np

from affect_jax.data.source import as_table
from affect_jax.types import Source


def source_fingerprint(source: Source) -> dict[str, int | str]:
    """Number of examples, and a hash of their names, subjects and labels, in order; images are not read."""
    table = as_table(source.examples)
    digest = hashlib.sha256()
    for column in (table.names, table.subjects, table.clips):
        digest.update("\0".join(map(str, column)).encode("utf-8", "surrogatepass"))
    arrays = {"frames": np.int64(table.frames), "time_seconds": np.float64(table.time_seconds)}
    for name, label in sorted(table.labels.items()):
        arrays |= {name: np.float32(label.value), f"{name} weight": np.float32(label.weight)}
    for name, array in arrays.items():
        digest.update(name.encode() + array.tobytes())
    return {"examples": len(table), "sha256": digest.hexdigest()}
