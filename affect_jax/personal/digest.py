"""A digest of a network's weights, by which stored features and adapters know the network that they belong to."""

import hashlib
from collections.abc import Mapping

import numpy as np

from affect_jax.types import ArrayLike


def network_digest(arrays: Mapping[str, ArrayLike]) -> str:
    """Hexadecimal SHA-256 over the names, dtypes, shapes and values of arrays; their order does not matter.

    The arrays of a network are those of `nn.network.names`; whether parameters are frozen does not matter either.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        # Lengths first, so that no name can be mistaken for a part of another one.
        head = f"{len(name.encode())} {name} {array.dtype.name} {array.shape} "
        digest.update(head.encode())
        digest.update(little_endian.tobytes())
    return digest.hexdigest()
