"""PyTorch's tensors as its files describe them: a storage, an offset, a shape and strides."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.files.pickles.load import NUMPY_BUILDERS

MAX_ELEMENTS = 2**28  # of one tensor; an "expanded" tensor may claim more elements than its storage holds
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
    """A row of numbers; `raw` may come after the tensors that use it."""

    code: str  # a dtype of NumPy, or bfloat16
    count: int
    raw: bytes | None = None
    little_endian: bool = True

    @property
    def size_bytes(self) -> int:
        """Bytes that its contents take."""
        return self.count * (2 if self.code == "bfloat16" else np.dtype(self.code).itemsize)

    def numbers(self) -> Shaped[np.ndarray, "count"]:
        """The numbers, bfloat16 as float32."""
        if self.raw is None or len(self.raw) != self.size_bytes:
            found = "none" if self.raw is None else f"{len(self.raw)} bytes"
            raise ValueError(f"a storage of {self.count} numbers needs {self.size_bytes} bytes; the file holds {found}")
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
        """The numbers in their shape; ValueError where the view reaches outside its storage."""
        sizes = (self.offset, *self.shape, *self.strides)
        if len(self.shape) != len(self.strides) or any(type(size) is not int or size < 0 for size in sizes):
            raise ValueError(f"a tensor of shape {self.shape} with strides {self.strides}")
        if math.prod(self.shape) > MAX_ELEMENTS:
            raise ValueError(f"a tensor of shape {self.shape}: more than {MAX_ELEMENTS} elements")
        numbers = self.storage.numbers()
        last = self.offset + sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        if math.prod(self.shape) and last >= len(numbers):
            raise ValueError(
                f"a tensor of shape {self.shape} and strides {self.strides} from number {self.offset} on reaches "
                f"outside its storage of {len(numbers)} numbers"
            )
        if not math.prod(self.shape):
            return np.zeros(self.shape, numbers.dtype)
        steps = [stride * numbers.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps).copy()


class Module(dict):
    """A part of a TorchScript network: its attributes by name; its code is not read."""

    def take_state(self, state: Mapping[str, Any]) -> None:
        """Its attributes."""
        self.update(state)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise ValueError(f"a tensor made of {type(storage).__name__}, {shape!r} and {strides!r}")
    return Tensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"a parameter made of {type(tensor).__name__}")
    return tensor


def _no_call(*_: Any) -> None:
    raise ValueError("a storage outside of the file's references")


def storage(reference: Any) -> tuple[str, Storage, tuple | None]:
    """Key, empty storage and view of a reference ("storage", kind, key, device, count[, view])."""
    if not isinstance(reference, tuple) or len(reference) not in (5, 6) or reference[0] != "storage":
        raise ValueError(f"a reference {reference!r}; expected one to a storage")
    _, kind, key, _, count, *view = reference
    code = STORAGE_DTYPES.get(getattr(kind, "name", "").split(" ")[-1])
    if code is None:
        raise ValueError(f"a storage of kind '{getattr(kind, 'name', kind)}'; known: {', '.join(STORAGE_DTYPES)}")
    if not isinstance(key, str) or type(count) is not int or count < 0:
        raise ValueError(f"a storage {key!r} of {count!r} numbers")
    return key, Storage(code, count), view[0] if view else None


class TorchBuilders(dict):
    """What a PyTorch file may build: tensors, parameters, shapes and, of TorchScript, bare attribute holders."""

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
