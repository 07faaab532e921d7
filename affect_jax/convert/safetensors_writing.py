"""Writer of safetensors files, whose format `safetensors_file` describes."""

import json
import pathlib
import struct
from collections.abc import Mapping

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert.safetensors_file import DTYPES, METADATA
from affect_jax.files.atomic import replace_atomically

ALIGNMENT_BYTES = 8  # where the data begin, so that a reader can map them into memory
CODES = {np.dtype(kind): code for code, kind in DTYPES.items() if kind != "bfloat16"}


def write(path: pathlib.Path, arrays: Mapping[str, Shaped[np.ndarray, "..."]], metadata: Mapping[str, str]) -> None:
    """Writes arrays by name, and texts about them; ValueError for a dtype that the format or its reader lacks."""
    start = _start(arrays, metadata)
    with replace_atomically(path) as part, part.open("wb") as file:
        file.write(start)
        for array in arrays.values():
            file.write(_data(array))


def encode(arrays: Mapping[str, Shaped[np.ndarray, "..."]], metadata: Mapping[str, str]) -> bytes:
    """The content of such a file."""
    return _start(arrays, metadata) + b"".join(map(_data, arrays.values()))


def _start(arrays: Mapping[str, Shaped[np.ndarray, "..."]], metadata: Mapping[str, str]) -> bytes:
    """Everything before the data."""
    header: dict[str, object] = {METADATA: dict(metadata)} if metadata else {}
    position = 0
    for name, array in arrays.items():
        if array.dtype not in CODES:
            raise ValueError(f"'{name}' is {array.dtype}; a safetensors file holds {', '.join(map(str, CODES))}")
        header[name] = {
            "dtype": CODES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [position, position + array.nbytes],
        }
        position += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT_BYTES)
    return struct.pack("<Q", len(text)) + text


def _data(array: np.ndarray | np.generic) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
