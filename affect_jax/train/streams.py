"""Named random streams: one root key a run, one child for each purpose and step."""

import zlib

import jax
from jaxtyping import Array, Int, PRNGKeyArray


def stream(root: PRNGKeyArray, name: str, step: Int[Array, ""] | int) -> PRNGKeyArray:
    """Independent key for one purpose at one step; stable under refactoring."""
    return jax.random.fold_in(jax.random.fold_in(root, zlib.crc32(name.encode())), step)
