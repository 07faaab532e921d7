"""What a pickle may build besides plain data: byte strings, sets, ordered dicts, and NumPy arrays and scalars."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ELEMENT_TYPE = r"[<>|=]?(\?|[biufcSU]\d+)"  # no objects or records: their contents would be nested pickles
MAX_DIMENSIONS = 32


class RefusedPickle(ValueError):
    """A pickle that contains more than plain data."""


class Pending:
    """An intermediate value that must not appear in the result of a pickle."""


class ElementType(Pending):
    """A NumPy dtype under construction: its byte order is set after its name."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False):
        del align, copy
        if not isinstance(code, str) or not re.fullmatch(ELEMENT_TYPE, code):
            raise RefusedPickle(f"an array of dtype {code!r}; only numbers, bool and fixed-width strings are read")
        self.dtype = np.dtype(code)

    def take_state(self, state: tuple) -> None:
        """Sets the byte order from the pickled state of a dtype."""
        order = state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {order!r}")
        self.dtype = self.dtype.newbyteorder(order) if order in "<>" else self.dtype


def _dtype_of(kind: Any) -> np.dtype:
    if not isinstance(kind, ElementType):
        raise ValueError(f"expected a dtype, found {type(kind).__name__}")
    return kind.dtype


def _raw(data: Any) -> bytes:
    """Returns bytes, also from the text that Python 2 wrote."""
    if isinstance(data, str):
        return data.encode("latin-1")
    if not isinstance(data, bytes | bytearray):
        raise RefusedPickle(f"array contents of type {type(data).__name__}; expected raw bytes")
    return bytes(data)


def _array(data: Any, kind: Any, shape: Any, order: str) -> np.ndarray:
    """Builds an array in native byte order, after checking its shape against its contents."""
    raw, dtype = _raw(data), _dtype_of(kind)
    shape = (shape,) if isinstance(shape, int) else shape
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError(f"array shape {shape!r}")
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} and dtype {dtype} with {len(raw)} bytes of contents")
    if not dtype.itemsize:
        return np.zeros(shape, dtype)
    found = np.frombuffer(raw, dtype).reshape(shape, order="F" if order == "F" else "C")
    return found.astype(dtype.newbyteorder("="), order="K")


def _empty_array(cls: Any, shape: Any, code: Any) -> np.ndarray:
    """Returns the placeholder of an array whose state has not been read yet."""
    del shape, code
    if getattr(cls, "name", None) != "numpy ndarray":
        raise RefusedPickle("an array of a class other than numpy.ndarray")
    return np.empty(0, np.uint8)


def fill_array(target: np.ndarray, state: tuple) -> None:
    """Sets the shape and contents of a placeholder array, after checking both."""
    shape, kind, fortran, data = state[-4:]
    made = _array(data, kind, shape, "F" if fortran else "C")
    target.__setstate__((1, made.shape, made.dtype, bool(fortran), made.tobytes("F" if fortran else "C")))


def _from_buffer(data: Any, kind: Any, shape: Any, order: str, axes: tuple | None = None) -> np.ndarray:
    found = _array(data, kind, shape, order)
    return found.transpose(axes) if order == "K" and axes is not None else found


def _scalar(kind: Any, data: Any = b"") -> np.generic:
    return _array(data, kind, (), "C")[()]


def _refused(*arguments: Any, **options: Any) -> None:
    raise RefusedPickle("numpy.ndarray is constructed directly; expected an array as pickled by NumPy itself")


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Decodes bytes as stored by pickle protocol 2 and older."""
    if encoding.replace("-", "").replace("_", "") != "latin1":
        raise ValueError(f"bytes encoded as {encoding!r}; expected latin1")
    return text.encode("latin-1")


def _bytes(data: bytes | str = b"", encoding: str = "latin1") -> bytes:
    return _encoded(data, encoding) if isinstance(data, str) else b"" + data


def _dict(*pairs: Any) -> dict:
    return dict(*pairs)


BUILTINS: dict[str, Callable[..., Any]] = {
    "bytes": _bytes,
    "bytearray": lambda *given: bytearray(_bytes(*given)),
    "set": lambda items=(): set(items),
    "frozenset": lambda items=(): frozenset(items),
    "complex": complex,
}
PLAIN_BUILDERS: Mapping[str, Callable[..., Any]] = {
    "_codecs encode": _encoded,
    "collections OrderedDict": _dict,
    **{f"{module} {name}": build for module in ("builtins", "__builtin__") for name, build in BUILTINS.items()},
}
NUMPY_BUILDERS: Mapping[str, Callable[..., Any]] = {
    "numpy ndarray": _refused,
    "numpy dtype": ElementType,
    **{f"numpy.{core}.multiarray _reconstruct": _empty_array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray scalar": _scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric _frombuffer": _from_buffer for core in ("core", "_core")},
}
