"""Pickles read as data: nothing in them is imported or called, but for a table of builders that the caller gives.

The standard unpickler imports and calls whatever a file names. Here the opcodes are read one by one; a name of a class
or function is looked up in the table only, and a file that names anything else is refused.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

from affect_jax.files.pickles.arrays import NUMPY_BUILDERS, Pending, RefusedPickle
from affect_jax.files.pickles.machine import Builder, Machine
from affect_jax.files.pickles.opcodes import run

__all__ = ["NUMPY_BUILDERS", "RefusedPickle", "load"]

MAX_DEPTH = 100  # containers inside containers
CONTAINERS = (dict, list, tuple, set, frozenset)


def load(
    data: bytes | io.BufferedIOBase,
    where: str,
    builders: Mapping[str, Builder] | None = None,
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """What a pickle holds: dict, list, tuple, set, str, bytes, numbers, and what `builders` ("module name") make.

    Of a stream exactly one pickle is read. `persistent` resolves the references of a format that keeps its arrays
    outside the pickle. A builder is called with the arguments the file gives, so it must refuse what does not fit. An
    object whose builder's result has a method `take_state` is handed its state.
    ValueError, naming `where` and the byte, for a name outside the table and for anything broken.
    """
    machine = Machine(where, builders or {}, persistent)
    result = run(machine, io.BytesIO(data) if isinstance(data, bytes) else data)
    _check(result, where)
    return result


def _check(result: Any, where: str) -> None:
    """ValueError for half-built parts, for cycles and for containers nested too deep for those who walk them."""
    doing, done = [(result, False)], set()
    above: set[int] = set()
    while doing:
        value, leave = doing.pop()
        if leave:
            above.discard(id(value))
            done.add(id(value))
        elif isinstance(value, Pending):
            raise RefusedPickle(f"{where}: the file holds a class or a dtype where a value was expected")
        elif isinstance(value, CONTAINERS) and id(value) not in done:
            if id(value) in above or len(above) >= MAX_DEPTH:
                raise RefusedPickle(f"{where}: containers inside themselves, or nested deeper than {MAX_DEPTH}")
            above.add(id(value))
            doing.append((value, True))
            parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value
            doing.extend((part, False) for part in parts if isinstance(part, CONTAINERS + (Pending,)))
