"""Large batches in parts that fit the processor's caches."""

from collections.abc import Callable

import jax
from jaxtyping import Array, PyTree

CACHE_NUMBERS = 2**20  # 4 MB of float32: a map of 64x64 with 256 channels


def by_parts(function: Callable[[Array], PyTree], batch: Array, part: int) -> PyTree:
    """`function` of a batch, at most `part` of its entries at a time (0: all); it must not mix them."""
    count = len(batch)
    if not 0 < part < count:
        return function(batch)
    results = jax.lax.map(function, split(batch, part))
    return jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[2:]), results)


def split(batch: Array, part: int) -> Array:
    """[parts, entries, ..] with the largest number of entries up to `part` that divides the batch."""
    count = len(batch)
    entries = max(size for size in range(1, part + 1) if count % size == 0)
    return batch.reshape(count // entries, entries, *batch.shape[1:])


def fitting(numbers_each: int) -> int:
    """How many entries of that many numbers fit the caches; at least 1."""
    return max(1, CACHE_NUMBERS // numbers_each)
