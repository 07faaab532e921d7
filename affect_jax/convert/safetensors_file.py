"""Reader of safetensors files, a JSON header followed by raw data; too simple a format to be worth a dependency.

Source: the format description of the safetensors project: 8 bytes of little-endian header length, the header, the data.
"""

import json
import pathlib
import struct
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert.tensors import Storage, Tensor

DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "bfloat16", "BOOL": "?"}
DTYPES |= {"I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U8": "u1"}
MAX_HEADER_BYTES = 100_000_000
METADATA = "__metadata__"  # the entry of the header that is not a tensor: texts by name


def is_safetensors(start: bytes) -> bool:
    """Whether a file starts like a safetensors file."""
    return len(start) > 8 and start[8:9] == b"{" and struct.unpack("<Q", start[:8])[0] <= MAX_HEADER_BYTES


def read(path: pathlib.Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Reads the tensors by name; ValueError says what is wrong with the file."""
    data = path.read_bytes()
    header = _header(path, data)
    header.pop(METADATA, None)
    body = data[8 + struct.unpack("<Q", data[:8])[0] :]
    return {name: _tensor(path, name, entry, body) for name, entry in header.items()}


def read_metadata(path: pathlib.Path) -> dict[str, str]:
    """Reads the texts that were written beside the tensors; ValueError if the file is no safetensors file."""
    with path.open("rb") as file:
        start = file.read(64)
        if not is_safetensors(start):
            raise ValueError(f"{path} is not a safetensors file: it starts with {start[:8]!r}")
        data = start + file.read(max(0, 8 + struct.unpack("<Q", start[:8])[0] - len(start)))
    found = _header(path, data).get(METADATA, {})
    return found if isinstance(found, dict) else {}


def _header(path: pathlib.Path, data: bytes) -> dict[str, Any]:
    length = struct.unpack("<Q", data[:8])[0]
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:  # of JSON, of its encoding, or of a number that is too long
        raise ValueError(
            f"{path}: its safetensors header is not valid JSON ({error}); is the download incomplete?"
        ) from None
    if not isinstance(header, dict):
        raise ValueError(f"{path}: its safetensors header holds {type(header).__name__}, expected tensors by name")
    return header


def _tensor(path: pathlib.Path, name: str, entry: Any, body: bytes) -> Shaped[np.ndarray, "..."]:
    try:
        code = DTYPES[entry["dtype"]]
        shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
        if any(type(number) is not int or number < 0 for number in (*shape, begin, end)):
            raise ValueError(f"its shape is {shape} and its bytes {begin} to {end}; expected whole numbers from 0")
        if not 0 <= begin <= end <= len(body):
            raise ValueError(
                f"its bytes {begin} to {end} lie outside the {len(body)} of the file; is the download incomplete?"
            )
        count = int(np.prod(shape, dtype=object))
        strides = tuple(int(np.prod(shape[axis + 1 :], dtype=object)) for axis in range(len(shape)))
        return Tensor(Storage(code, count, body[begin:end]), 0, shape, strides).array()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}, tensor '{name}': {error}") from None
