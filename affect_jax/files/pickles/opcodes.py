"""The opcodes of the pickle format as actions on a stack and a memo; nothing is imported."""

import io
import pickletools
from collections.abc import Callable
from typing import Any

from affect_jax.files.pickles.arrays import RefusedPickle
from affect_jax.files.pickles.machine import Machine

MAX_STACK = 1_000_000  # values on the stack at any time; real files stay below a few thousand
NEWEST_PROTOCOL = 5


def run(machine: Machine, stream: io.BufferedIOBase) -> Any:
    """Evaluates a pickle; ValueError gives the byte offset of invalid data, RefusedPickle what it tried to call."""
    position = 0
    try:
        for opcode, argument, at in pickletools.genops(stream):
            position = at
            if opcode.name in PUSHED:
                machine.stack.append(argument)
            elif opcode.name in CONSTANTS:
                machine.stack.append(CONSTANTS[opcode.name]())
            elif opcode.name in ACTIONS:
                ACTIONS[opcode.name](machine, argument)
            elif opcode.name == "STOP":
                (result,) = machine.stack
                return result
            else:
                raise ValueError(f"opcode {opcode.name} is not supported")
            if len(machine.stack) > MAX_STACK:
                raise ValueError(f"more than {MAX_STACK} values on the stack")
    except RefusedPickle as error:
        raise RefusedPickle(f"{machine.where}: {error}") from None
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, MemoryError, AttributeError) as error:
        reason = error if isinstance(error, ValueError) else f"{type(error).__name__} {error}"
        raise ValueError(f"{machine.where}: not a valid pickle, near byte {position}: {reason}") from None
    raise ValueError(f"{machine.where}: not a valid pickle: it ends at byte {position} without a STOP opcode")


def _extend(machine: Machine) -> None:
    items = machine.above_mark()
    machine.top(list).extend(items)


def _add(machine: Machine) -> None:
    items = machine.above_mark()
    machine.top(set).update(items)


def _append(machine: Machine) -> None:
    item = machine.pop()
    machine.top(list).append(item)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.top(dict)[key] = value


def _set_items(machine: Machine) -> None:
    items = _pairs(machine.above_mark())
    machine.top(dict).update(items)


def _pairs(items: list[Any]) -> dict:
    if len(items) % 2:
        raise ValueError("a dict has a key without a value")
    return dict(zip(items[::2], items[1::2], strict=True))


def _tuple(count: int) -> Callable[[Machine, Any], None]:
    def act(machine: Machine, _: Any) -> None:
        machine.stack.append(tuple(machine.pop() for _ in range(count))[::-1])

    return act


def _global_of_stack(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name_global(module, name)


def _call(machine: Machine, with_options: bool = False) -> None:
    options = machine.pop() if with_options else None
    arguments, function = machine.pop(), machine.pop()
    machine.call(function, arguments, options)


def _call_object(machine: Machine) -> None:
    function, *arguments = machine.above_mark()
    machine.call(function, tuple(arguments))


def _call_named(machine: Machine, name: str) -> None:
    arguments = tuple(machine.above_mark())
    machine.name_global(*name.split(" ", 1))
    machine.call(machine.pop(), arguments)


def _remember(machine: Machine, place: int | None = None) -> None:
    machine.memo[len(machine.memo) if place is None else place] = machine.peek()


def _check_protocol(version: int) -> None:
    if version > NEWEST_PROTOCOL:
        raise ValueError(f"pickle protocol {version}; protocols 0 to {NEWEST_PROTOCOL} are supported")


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


PUSHED = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 "
    "BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 FLOAT BINFLOAT".split()
)
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "EMPTY_TUPLE": tuple,
}
ACTIONS: dict[str, Callable[[Machine, Any], None]] = {
    "PROTO": lambda machine, version: _check_protocol(version),
    "FRAME": lambda machine, _: None,
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "POP": lambda machine, _: _pop(machine),
    "POP_MARK": lambda machine, _: machine.above_mark() and None,
    "DUP": lambda machine, _: machine.stack.append(machine.peek()),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "DICT": lambda machine, _: machine.stack.append(_pairs(machine.above_mark())),
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(machine.above_mark())),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "APPEND": lambda machine, _: _append(machine),
    "APPENDS": lambda machine, _: _extend(machine),
    "ADDITEMS": lambda machine, _: _add(machine),
    "SETITEM": lambda machine, _: _set_item(machine),
    "SETITEMS": lambda machine, _: _set_items(machine),
    "MEMOIZE": lambda machine, _: _remember(machine),
    "PUT": _remember,
    "BINPUT": _remember,
    "LONG_BINPUT": _remember,
    "GET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "GLOBAL": lambda machine, name: machine.name_global(*name.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: _global_of_stack(machine),
    "REDUCE": lambda machine, _: _call(machine),
    "NEWOBJ": lambda machine, _: _call(machine),
    "NEWOBJ_EX": lambda machine, _: _call(machine, with_options=True),
    "INST": _call_named,
    "OBJ": lambda machine, _: _call_object(machine),
    "BUILD": lambda machine, _: machine.set_state(),
    "PERSID": lambda machine, reference: machine.refer(reference),
    "BINPERSID": lambda machine, _: machine.refer(machine.pop()),
}
