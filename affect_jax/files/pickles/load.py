"""Reads pickles as plain data: nothing in them is imported or called except builders supplied by the caller.

The standard unpickler imports and calls whatever a file names. Here the opcodes are interpreted one by one; classes and
functions are looked up only in the table of builders, and a file that names anything else is rejected.
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
    """Loads a pickle: dict, list, tuple, set, str, bytes, numbers, and whatever `builders` ("module name") construct.

    Exactly one pickle is read from a stream. `persistent` resolves references in formats that store arrays outside the
    pickle. A builder is called with arguments from the file, so it must reject invalid ones. If the object it returns
    has a method `take_state`, that method receives the pickled state.
    ValueError names `where` and the byte for names outside the table and for malformed data.
    """
    machine = Machine(where, builders or {}, persistent)
    result = run(machine, io.BytesIO(data) if isinstance(data, bytes) else data)
    _check(result, where)
    return result


def _check(result: Any, where: str) -> None:
    """ValueError for intermediate values, cycles, and containers nested too deeply to traverse."""
    doing, done = [(result, False)], set()
    above: set[int] = set()
    while doing:
        value, leave = doing.pop()
        if leave:
            above.discard(id(value))
            done.add(id(value))
        elif isinstance(value, Pending):
            raise RefusedPickle(f"{where}: the file has a class or a dtype where a value was expected")
        elif isinstance(value, CONTAINERS) and id(value) not in done:
            if id(value) in above or len(above) >= MAX_DEPTH:
                raise RefusedPickle(
                    f"{where}: containers that contain themselves, or are nested deeper than {MAX_DEPTH}"
                )
            above.add(id(value))
            doing.append((value, True))
            parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value
            doing.extend((part, False) for part in parts if isinstance(part, CONTAINERS + (Pending,)))
