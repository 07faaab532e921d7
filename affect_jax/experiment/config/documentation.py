"""The documentation of options, read from the comments and docstrings of the dataclasses that define them."""

import ast
import inspect
import io
import re
import textwrap
import tokenize
from collections.abc import Sequence

ENTRY = re.compile(r"(\w+): (.*)")  # "rank: rank of the 3x3 convolutions", a line of a docstring


def option_texts(cls: type) -> dict[str, str]:
    """What each option of a config dataclass means, including those that it inherits; "" without a comment."""
    texts: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if "__annotations__" in vars(base):
            texts |= {name: text for name, text in _own_texts(base).items() if text or name not in texts}
    return texts


def _own_texts(cls: type) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(cls))
    body = ast.parse(source).body[0].body
    fields = [node for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    beside, alone = _comments(source)
    documented = _docstring_entries(cls.__doc__ or "")
    texts = {field.target.id: [] for field in fields}
    first = fields[0].lineno if fields else 0
    for field, following in zip(fields, [*fields[1:], None], strict=True):
        texts[field.target.id] += [beside[line] for line in range(field.lineno, field.end_lineno + 1) if line in beside]
        end = following.lineno if following else field.end_lineno + 1 + _block_length(alone, field.end_lineno + 1)
        block = [alone[line] for line in range(field.end_lineno + 1, end) if line in alone]
        # A block of comments belongs to the field below it, unless that has a comment of its own.
        heads_next = following is not None and not any(
            line in beside for line in range(following.lineno, following.end_lineno + 1)
        )
        texts[following.target.id if heads_next else field.target.id] += block
    if fields and first - 1 in alone:
        texts[fields[0].target.id] = _block_above(alone, first) + texts[fields[0].target.id]
    return {name: " ".join(lines) or documented.get(name, "") for name, lines in texts.items()}


def _comments(source: str) -> tuple[dict[int, str], dict[int, str]]:
    """The comments by line: those beside code, and those that have a line of their own."""
    beside, alone = {}, {}
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            place = beside if lines[line - 1][:column].strip() else alone
            place[line] = token.string.removeprefix("#").strip()
    return beside, alone


def _block_length(alone: dict[int, str], line: int) -> int:
    length = 0
    while line + length in alone:
        length += 1
    return length


def _block_above(alone: dict[int, str], line: int) -> list[str]:
    block: list[str] = []
    while line - 1 in alone:
        line -= 1
        block.insert(0, alone[line])
    return block


def _docstring_entries(text: str) -> dict[str, str]:
    """The entries "name: text" of a docstring; further lines of an entry are indented."""
    entries: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(text).splitlines()[1:]:
        if entry := ENTRY.match(line):
            name = entry[1]
            entries[name] = entry[2]
        elif name and line.startswith(" "):
            entries[name] += f" {line.strip()}"
        else:
            name = ""
    return entries


def wrapped(text: str, indent: str, width: int = 110) -> Sequence[str]:
    """The lines of a text, each indented."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
