"""Damaged versions of true files, for property tests: of bytes, of text with cells, and of JSON.

A test runs a check over many of them with `for_all`: few by default, more in the slow stage (the parameter `profile` of
`PROFILES`). They are always the same, so that a change fails only for what it changed. With FUZZ=new in the
environment, the slow stage draws new ones, and prints how to repeat one that fails.
"""

import contextlib
import copy
import json
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

CPU_SECONDS = 20.0  # of one example, beyond which it hangs
LONGEST_MESSAGE = 2000
COMMON = {
    "deadline": None,  # hangs are found by the time that the process computes, since machines may be busy
    "database": None,
    "verbosity": Verbosity.quiet,
    "report_multiple_bugs": False,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("few", derandomize=True, max_examples=30, **COMMON)
NEW = os.environ.get("FUZZ") == "new"
settings.register_profile("many", derandomize=not NEW, max_examples=400 if NEW else 150, print_blob=NEW, **COMMON)
PROFILES = pytest.mark.parametrize("profile", ["few", pytest.param("many", marks=pytest.mark.slow)])

NUMBERS = "nan -nan(ind) inf -inf 1e309 1e308 -1e38 1e-320 0 -0 00 0.5 -1 1 2 -2 -3 7 10 1_0 0x10 ٣ ½ 1,5 1;5"
WORDS = 'true None ? - =1+1 " \' "" ü ../../x / . a/b'
CHARACTERS = ("", " ", "\x00", "\ufeff", "\u2028", "\x1c", "\udcff")
ODD_CELLS = (*NUMBERS.split(), "9" * 25, "9" * 400, *WORDS.split(), *CHARACTERS, "x" * 200_000)
ODD_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 2**31, 2**63, -(2**63), 10**30, 1e308, 1e-320),
    *(float("nan"), float("inf"), -float("inf"), "", "x", "nan", "1", "\x00", [], {}, [[]], [None], [1, 2], {"a": 1}),
)
SEPARATORS = (",", ";", "\t", "|", " ", "\n", ":")


def for_all(profile: str, strategy: st.SearchStrategy, check: Callable[[Any], None]) -> None:
    """Runs a check on values of a strategy; an example that computes for long is a failure."""

    def bounded(value: Any) -> None:
        with _cpu_limit():
            check(value)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)  # a failure is reported however long the file is
        settings(parent=settings.get_profile(profile))(given(strategy)(bounded))()


@contextlib.contextmanager
def _cpu_limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"the reader computed for more than {CPU_SECONDS:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def outcome(read: Callable[[], Any], *names: str) -> Any:
    """What `read` returns, or None if it refuses the file in one sentence that has one of the names.

    Anything but a ValueError or a FileNotFoundError is a failure of the test, and so is an error that Python or a
    library raised about something inside the file.
    """
    try:
        return read()
    except (ValueError, FileNotFoundError) as error:
        message = str(error)
        assert any(name in message for name in names), f"names none of {names}: {error!r}"
        assert len(message) <= LONGEST_MESSAGE, f"{len(message)} characters: {message[:300]}"
        return None


@st.composite
def damaged_bytes(draw: st.DrawFn, data: bytes, most: int = 3) -> bytes:
    """The content of a file after one to `most` accidents: changed, lost, repeated, inserted or cut bytes."""
    for _ in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(("set", "set", "flip", "lose", "repeat", "insert", "zero", "cut")))
        start = _place(draw, len(data))
        end = min(len(data), start + draw(st.integers(1, 1 + min(64, len(data) // 4))))
        if kind == "set":
            data = data[:start] + draw(st.binary(min_size=1, max_size=4)) + data[start + 1 :]
        elif kind == "flip" and data:
            start = min(start, len(data) - 1)
            data = data[:start] + bytes([data[start] ^ (1 << draw(st.integers(0, 7)))]) + data[start + 1 :]
        elif kind == "lose":
            data = data[:start] + data[end:]
        elif kind == "repeat":
            data = data[:end] + data[start:]
        elif kind == "insert":
            data = data[:start] + draw(st.binary(min_size=1, max_size=32)) + data[start:]
        elif kind == "zero":
            data = data[:start] + bytes(end - start) + data[end:]
        else:
            data = data[:start]
    return data


def _place(draw: st.DrawFn, length: int) -> int:
    """A position in a file, as often among its first bytes as elsewhere: formats decide there."""
    return draw(st.one_of(st.integers(0, min(64, length)), st.integers(0, length)))


@st.composite
def damaged_text(draw: st.DrawFn, text: str, most: int = 3) -> bytes:
    """A text file of cells after one to `most` accidents, in one of some encodings."""
    for _ in range(draw(st.integers(1, most))):
        lines = text.split("\n")
        number = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(("cell", "cell", "cell", "cell", "line", "twice", "swap", "separator", "cut")))
        if kind == "cell":
            lines[number] = _with_odd_cell(draw, lines[number])
        elif kind == "line":
            del lines[number]
        elif kind == "twice":
            lines.insert(number, lines[number])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[number], lines[other] = lines[other], lines[number]
        elif kind == "separator":
            old, new = draw(st.sampled_from(SEPARATORS)), draw(st.sampled_from(SEPARATORS))
            lines = [line.replace(old, new) for line in lines]
        text = "\n".join(lines)
        if kind == "cut":
            text = text[: draw(st.integers(0, len(text)))]
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")))
    return text.encode(encoding, "surrogateescape" if encoding.startswith("utf-8") else "replace")


def _with_odd_cell(draw: st.DrawFn, line: str) -> str:
    separator = max(SEPARATORS, key=line.count)
    cells = line.split(separator)
    place = draw(st.integers(0, len(cells) - 1))
    cells[place : place + 1] = draw(st.sampled_from([[], *([cell] for cell in ODD_CELLS)]))
    return separator.join(cells)


@st.composite
def damaged_json(draw: st.DrawFn, text: str, most: int = 3) -> bytes:
    """A JSON file in which one to `most` values are others, missing, or under another name."""
    content = json.loads(text)
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(content))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(("value", "value", "value", "remove", "rename")))
        if kind == "value":
            holder[key] = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
        elif kind == "remove":
            del holder[key]
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(("", "x", "name", "root")))] = holder.pop(key)
    return json.dumps(content).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])
