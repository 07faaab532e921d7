"""Damaged pickles: what Python's own unpickler returns for plain data, or one sentence that names the file."""

import io
import pickle
import pickletools
import re

import numpy as np
import pytest
from mutations import PROFILES, damaged_bytes, for_all, outcome

from affect_jax.data.readers.emonet_lists import list_rows
from affect_jax.data.skipped import SkippedRows
from affect_jax.files.pickles.load import NUMPY_BUILDERS, load

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")  # of pickletools
PLAIN = {
    "numbers": [0, 1, -1, 255, 65536, -(2**31), 2**70, 0.5, float("inf")],
    "text": ["", "a", "ü", "x" * 300, b"", b"abc\xff", bytearray(b"yz")],
    "nested": {"a": [(), (1,), (1, 2, 3, 4)], 5: {"b": {"c": []}}, (1, "k"): {1, 2}},
    "constants": (None, True, False),
}
LIST = {  # an entry of EmoNet's pickled lists
    "test/1.jpg": {
        "valence": np.float64(0.25),
        "arousal": np.float64(-0.5),
        "expression": np.int64(3),
        "expression_correct": True,
        "landmarks_fan": np.arange(136.0).reshape(68, 2),
    }
}

FRAME = pickle.FRAME
HIGHEST_PLACE = 2**20  # of the memo: 16 MB
NAMES = {("builtins", name) for name in ("bytes", "bytearray", "set", "frozenset")} | {("_codecs", "encode")}


class Plain(pickle.Unpickler):
    """Python's unpickler, with the few names that plain data need."""

    def find_class(self, module: str, name: str) -> object:
        module = {"__builtin__": "builtins"}.get(module, module)
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


def memo_is_small(data: bytes) -> bool:
    """Whether Python's C unpickler, which allocates its memo up to the highest place, needs little memory."""
    try:
        for opcode, place, _ in pickletools.genops(data):
            if opcode.name.endswith("PUT") and int(place) > HIGHEST_PLACE:
                return False
    except ValueError:  # damaged further on
        pass
    return True


def by_python(data: bytes) -> object:
    """What Python reads; the exception if it refuses."""
    try:
        return Plain(io.BytesIO(data)).load()
    except Exception as error:  # Python's unpickler raises almost anything
        return error


def shown(value: object) -> str:
    """The text of a value, with numbers for bools: Python's C unpickler takes "-0" and "+1" for bools, too."""
    return repr(value).replace("False", "0").replace("True", "1")


@PROFILES
def test_a_damaged_pickle_of_plain_data_is_read_as_python_does(profile):
    def check(data: bytes) -> None:
        found = outcome(lambda: [load(data, "list.pkl")], "list.pkl")
        if found is not None and memo_is_small(data):
            expected = by_python(data)
            if isinstance(expected, Exception):
                # Python also checks the lengths of frames, which hold no value, and takes I012 for an octal number.
                stricter = "truncated|end of frame|FRAME length" if FRAME in data else "could not convert string to int"
                assert re.search(stricter, str(expected)), (found, expected)
            else:
                assert shown(found[0]) == shown(expected)

    for protocol in (0, 2, 4):
        check(pickle.dumps(PLAIN, protocol))
        for_all(profile, damaged_bytes(pickle.dumps(PLAIN, protocol)), check)


@PROFILES
def test_a_damaged_list_of_arrays_has_rows_in_range_or_is_named(profile):
    def check(data: bytes) -> None:
        def read() -> list:
            return list_rows(load(data, "list.pkl", NUMPY_BUILDERS), SkippedRows("list.pkl", 1.0))

        for row in outcome(read, "list.pkl") or ():
            assert -2 <= float(row["valence"]) <= 1 and -2 <= float(row["arousal"]) <= 1
            assert 0 <= int(row["expression"]) <= 10

    check(pickle.dumps(LIST, 2))
    for protocol in (2, 4):
        for_all(profile, damaged_bytes(pickle.dumps(LIST, protocol)), check)
