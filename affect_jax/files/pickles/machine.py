"""The stack machine of the pickle format: its state, and the few objects its opcodes may create."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from affect_jax.files.pickles.arrays import PLAIN_BUILDERS, Pending, RefusedPickle, fill_array

Builder = Callable[..., Any]


class Global(Pending):
    """A class or function that a pickle names, as "module name"."""

    def __init__(self, name: str, build: Builder):
        self.name, self.build = name, build


class Machine:
    """Stack, marks and memo of a pickle being read; driven by `opcodes.run`."""

    def __init__(self, where: str, builders: Mapping[str, Builder], persistent: Callable[[Any], Any] | None):
        self.where, self.builders, self.persistent = where, builders, persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        """Pops the value on top; ValueError if there is a mark instead, as in Python."""
        value = self.peek()
        del self.stack[-1]
        return value

    def peek(self) -> Any:
        """Returns the value on top; ValueError if there is a mark instead."""
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise ValueError("a mark where a value was expected")
        return self.stack[-1]

    def above_mark(self) -> list[Any]:
        """Pops the values above the last mark."""
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def top(self, kind: type) -> Any:
        """Returns the value that the next opcode modifies."""
        value = self.peek()
        if not isinstance(value, kind):
            raise ValueError(f"expected a {kind.__name__}, found {type(value).__name__}")
        return value

    def name_global(self, module: Any, name: Any) -> None:
        full = f"{module} {name}"
        for table in (self.builders, PLAIN_BUILDERS):
            if full in table:
                self.stack.append(Global(full, table[full]))
                return
        raise RefusedPickle(
            f"the file names '{module}.{name}', which is not plain data; it was rejected and nothing was executed. "
            "If you trust the file, open it with the program that wrote it and save only its tensors or lists"
        )

    def call(self, function: Any, arguments: Any, options: Mapping[str, Any] | None = None) -> None:
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise ValueError(f"call of {type(function).__name__} with {type(arguments).__name__}")
        self.stack.append(function.build(*arguments, **(options or {})))

    def set_state(self) -> None:
        state, target = self.pop(), self.peek()
        if hasattr(target, "take_state"):
            target.take_state(state)
        elif isinstance(target, np.ndarray):
            fill_array(target, state)
        elif not isinstance(target, dict):  # attributes of an OrderedDict carry no data
            raise ValueError(f"unexpected state for {type(target).__name__}")

    def refer(self, reference: Any) -> None:
        if self.persistent is None:
            raise RefusedPickle("the file refers to data outside itself, which this kind of file does not have")
        self.stack.append(self.persistent(reference))
