"""PyTorch tensors as described in its files: a storage, an offset, a shape and strides."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.files.pickles.load import NUMPY_BUILDERS

Tensors = Mapping[str, Shaped[np.ndarray, "..."]]  # by name
MAX_ELEMENTS = 2**28  # per tensor; an expanded tensor may claim more elements than its storage holds
STORAGE_DTYPES: Mapping[str, str] = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclasses.dataclass
class Storage:
    """A flat buffer; `raw` may be filled in after the tensors that use it have been created."""

    code: str  # a NumPy dtype, or bfloat16
    count: int
    raw: bytes | None = None
    little_endian: bool = True

    @property
    def size_bytes(self) -> int:
        """Size of the contents in bytes."""
        return self.count * (2 if self.code == "bfloat16" else np.dtype(self.code).itemsize)

    def values(self) -> Shaped[np.ndarray, "count"]:
        """Returns the values, with bfloat16 as float32."""
        if self.raw is None or len(self.raw) != self.size_bytes:
            found = "none" if self.raw is None else f"{len(self.raw)} bytes"
            raise ValueError(f"a storage of {self.count} values needs {self.size_bytes} bytes; the file has {found}")
        order = "<" if self.little_endian else ">"
        if self.code != "bfloat16":
            dtype = np.dtype(self.code).newbyteorder(order)
            return np.frombuffer(self.raw, dtype).astype(dtype.newbyteorder("="))
        upper_half = np.frombuffer(self.raw, f"{order}u2").astype(np.uint32)
        return (upper_half << np.uint32(16)).view(np.float32)


@dataclasses.dataclass
class Tensor:
    """A view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> Shaped[np.ndarray, "..."]:
        """Returns the tensor as an array; ValueError if the view reaches outside its storage."""
        sizes = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(type(size) is not int or size < 0 for size in sizes):
            raise ValueError(f"a tensor has invalid shape {self.shape} with strides {self.strides}")
        if math.prod(self.shape) > MAX_ELEMENTS:
            raise ValueError(f"a tensor of shape {self.shape} has more than {MAX_ELEMENTS} elements")
        values = self.storage.values()
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if math.prod(self.shape) and last >= len(values):
            raise ValueError(
                f"a tensor of shape {self.shape} with strides {self.strides} and offset {self.offset} reaches outside "
                f"its storage of {len(values)} values"
            )
        if not math.prod(self.shape):
            return np.zeros(self.shape, values.dtype)
        byte_strides = [stride * values.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, byte_strides).copy()


class Module(dict):
    """A module of a TorchScript network: its attributes by name; its code is never read."""

    def take_state(self, state: Mapping[str, Any]) -> None:
        """Adds the attributes."""
        self.update(state)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise ValueError(f"a tensor is built from {type(storage).__name__}, {shape!r} and {strides!r}")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"a parameter is built from {type(tensor).__name__}, expected a tensor")
    return tensor


def _no_call(*_: Any) -> None:
    raise ValueError("a storage is built directly instead of by a reference")


def storage(reference: Any) -> tuple[str, Storage, tuple | None]:
    """Parses a reference ("storage", kind, key, device, count[, view]) into key, empty storage and view."""
    if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
        raise ValueError(f"the reference {reference!r} is invalid; expected a reference to a storage")
    _, kind, key, _, count, *view = reference
    code = STORAGE_DTYPES.get(getattr(kind, "name", "").split(" ")[-1])
    if code is None:
        raise ValueError(
            f"a storage has unknown kind '{getattr(kind, 'name', kind)}'; known: {', '.join(STORAGE_DTYPES)}"
        )
    if not isinstance(key, str) or type(count) is not int or count < 0:
        raise ValueError(f"a storage has key {key!r} and {count!r} values; expected a string and a count")
    return key, Storage(code, count), view[0] if view else None


class TorchBuilders(dict):
    """What a PyTorch file may build: tensors, parameters, shapes and, for TorchScript, plain attribute containers."""

    def __init__(self) -> None:
        super().__init__(NUMPY_BUILDERS)
        self["torch._utils _rebuild_tensor"] = self["torch._utils _rebuild_tensor_v2"] = _tensor
        self["torch._utils _rebuild_parameter"] = _parameter
        self["torch Size"] = lambda sizes=(): tuple(sizes)
        self["torch device"] = lambda *name: ":".join(map(str, name))
        self["torch.jit._pickle restore_type_tag"] = lambda value, *_: value
        for kind in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist"):
            self[f"torch.jit._pickle {kind}"] = list
        for module in ("torch", "torch.cuda"):
            self.update({f"{module} {name}": _no_call for name in STORAGE_DTYPES})

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.startswith("__torch__."))

    def __missing__(self, name: str) -> Callable[..., Any]:
        return Module
