"""Named random streams: one root key per run, and a key derived from it for each purpose and step."""

import zlib

import jax
from jaxtyping import Array, Int, PRNGKeyArray


def stream(root: PRNGKeyArray, name: str, step: Int[Array, ""] | int) -> PRNGKeyArray:
    """An independent key for one purpose at one step; it depends on nothing but the root, the name and the step."""
    return jax.random.fold_in(jax.random.fold_in(root, zlib.crc32(name.encode())), step)
