"""PyTorch's checkpoint files written without PyTorch, opcode by opcode, so that the reader has an independent source.

The layout is that of torch.save as its own files show it: protocol 2, `_rebuild_tensor_v2` over storages that stand
outside the pickle.
"""

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping

import numpy as np

KINDS = {"float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int", "uint8": "Byte"}
KINDS |= {"int16": "Short", "int8": "Char", "bool": "Bool"}


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def group(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def mapping(items: Mapping[str, bytes]) -> bytes:
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def tensor(
    key: str, array: np.ndarray, *, kind: str = "", offset: int = 0, shape=None, strides=None, legacy: bool = False
) -> bytes:
    """A view of storage `key`, which holds `array`."""
    kind = kind or KINDS[array.dtype.name]
    shape = array.shape if shape is None else shape
    strides = [stride // array.itemsize for stride in array.strides] if strides is None else strides
    parts = [text("storage"), named("torch", f"{kind}Storage"), text(key), text("cpu"), number(array.size)]
    reference = group(*parts, *([b"N"] if legacy else [])) + b"Q"
    sizes = group(*map(number, shape)), group(*map(number, strides))
    rest = (number(offset), *sizes, b"\x89", named("collections", "OrderedDict") + b")R")
    return named("torch._utils", "_rebuild_tensor_v2") + group(reference, *rest) + b"R"


def zip_bytes(pickled: bytes, storages: Mapping[str, bytes], *, order: str = "little", folder: str = "net") -> bytes:
    """The form of PyTorch 1.6 and later around a pickle body (without protocol and stop)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{folder}/data.pkl", b"\x80\x02" + pickled + b".")
        archive.writestr(f"{folder}/byteorder", order)
        for key, raw in storages.items():
            archive.writestr(f"{folder}/data/{key}", raw)
        archive.writestr(f"{folder}/version", b"3\n")
    return out.getvalue()


def legacy_bytes(pickled: bytes, storages: Mapping[str, np.ndarray], *, order: str = "<") -> bytes:
    """The older form: magic number, protocol, system, the pickle, the storages' keys, each one's count and bytes."""
    system = {"protocol_version": 1001, "little_endian": order == "<", "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, system))
    raw = b"".join(
        struct.pack(f"{order}q", array.size) + array.astype(array.dtype.newbyteorder(order)).tobytes()
        for array in storages.values()
    )
    return head + b"\x80\x02" + pickled + b"." + pickle.dumps(list(storages), 2) + raw


def state_dict(arrays: Mapping[str, np.ndarray], *, legacy: bool = False) -> tuple[bytes, dict[str, np.ndarray]]:
    """Pickle body of a state dict, and its storages by key."""
    storages = {str(index): np.array(array, order="C") for index, array in enumerate(arrays.values())}
    body = {name: tensor(key, storages[key], legacy=legacy) for name, key in zip(arrays, storages, strict=True)}
    return mapping(body), storages


def checkpoint(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A state dict in the zip form."""
    body, storages = state_dict(arrays)
    return zip_bytes(body, {key: array.tobytes() for key, array in storages.items()})
