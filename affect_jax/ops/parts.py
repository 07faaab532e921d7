"""Large batches processed in parts that fit the processor's caches."""

from collections.abc import Callable

import jax
from jaxtyping import Array, PyTree

CACHE_VALUES = 2**20  # 4 MB of float32: a 64x64 map with 256 channels


def map_in_parts(function: Callable[[Array], PyTree], batch: Array, part: int) -> PyTree:
    """Applies `function` to at most `part` entries of a batch at a time (0: to the whole batch at once).

    `function` must treat the entries independently.
    """
    if part == 0:  # before the batch is asked for its length, which an exported program does not know
        return function(batch)
    count = len(batch)
    if part >= count:
        return function(batch)
    results = jax.lax.map(function, split(batch, part))
    return jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[2:]), results)


def split(batch: Array, part: int) -> Array:
    """Reshapes a batch to [parts, entries, ..], where `entries` is its largest divisor up to `part`."""
    count = len(batch)
    entries = max(size for size in range(1, part + 1) if count % size == 0)
    return batch.reshape(count // entries, entries, *batch.shape[1:])


def cache_capacity(values_per_entry: int) -> int:
    """How many entries of this size fit in the caches; at least 1."""
    return max(1, CACHE_VALUES // values_per_entry)
