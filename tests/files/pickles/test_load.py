"""Pickles read without running them: the values of plain data, and refusal of all else."""

import collections
import os
import pickle
import struct

import numpy as np
import pytest

from affect_jax.files.pickles.load import NUMPY_BUILDERS, RefusedPickle, load

PLAIN = {
    "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**31, 2**70, -(2**70), 0.5, -1e300, float("inf")],
    "text": ["", "a", "ü", "x" * 300, "日本\n\\u0041", b"", b"abc", b"\x00\xff" * 200, bytearray(b"yz")],
    "constants": (None, True, False),
    "nested": {"a": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], 5: {"b": {"c": []}}, (1, "k"): {1, 2}},
    "sets": [set(), {1, "a"}, frozenset({2, 3})],
    "many": list(range(3000)),
    "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
    "complex": 1 + 2j,
}
ARRAYS = {
    **{
        str(np.dtype(code)): np.arange(6).reshape(2, 3).astype(code)
        for code in "? i1 u1 <i2 >i4 <i8 f2 <f4 >f8 c8".split()
    },
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "sliced": np.arange(10)[::3],
    "no dimensions": np.array(2.5),
    "empty": np.zeros((0, 3), np.float32),
    "text": np.array(["neutral", "ü"]),
    "bytes": np.array([b"ab", b"c"]),
}


class Malicious:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_equal_what_was_written(protocol):
    found = load(pickle.dumps(PLAIN, protocol), "file")
    assert found == PLAIN
    assert list(found["ordered"]) == ["z", "a"] and type(found["ordered"]) is dict
    assert [type(v) for v in found["text"]] == [type(v) for v in PLAIN["text"]]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_equal_what_was_written(name, protocol):
    array = ARRAYS[name]
    found = load(pickle.dumps({"array": array, "again": [array]}, protocol), "file", NUMPY_BUILDERS)
    assert found["again"][0] is found["array"] and found["array"].dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found["array"], array)
    assert found["array"].flags.f_contiguous == array.flags.f_contiguous or name in ("transposed", "sliced")


@pytest.mark.parametrize("protocol", range(6))
def test_numpy_scalars_keep_type_and_value(protocol):
    scalars = [np.float32(0.1), np.int64(-3), np.bool_(True), np.str_("fear"), np.float64(np.pi)]
    found = load(pickle.dumps(scalars, protocol), "file", NUMPY_BUILDERS)
    assert found == scalars and [type(v) for v in found] == [type(v) for v in scalars]


def test_arrays_of_older_numpy_and_of_python_2_are_read():
    array = np.array([[1, -2]], "<i2")
    for protocol in range(3):
        older = pickle.dumps(array, protocol).replace(b"numpy._core.", b"numpy.core.")
        np.testing.assert_array_equal(load(older, "file", NUMPY_BUILDERS), array)
    # As Python 2 wrote it, protocol 2: contents as a short byte string (opcode U), which Python 3 takes for text.
    kind = b"cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    state = b"(K\x01K\x01K\x02\x86" + kind + b"\x89U\x04\x01\x00\xfe\xfftb."
    data = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R" + state
    np.testing.assert_array_equal(load(data, "file", NUMPY_BUILDERS), array)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["system", "eval", "getattr", "popen", "object array"])
def test_pickles_that_run_code_are_rejected_and_do_not_run(name, protocol, tmp_path):
    witness = tmp_path / "witness"
    command = f"touch {witness}"
    attack = {
        "system": Malicious(os.system, command),
        "eval": Malicious(eval, f"open({str(witness)!r}, 'w')"),
        "getattr": Malicious(getattr, "text", "upper"),
        "popen": Malicious(os.popen, command),
        "object array": np.array([Malicious(os.system, command)], dtype=object),
    }[name]
    data = pickle.dumps({"before": [1, 2], "attack": attack}, protocol)
    with pytest.raises(RefusedPickle, match="evil.pkl: ") as caught:
        load(data, "evil.pkl", NUMPY_BUILDERS)
    assert not witness.exists()
    expected = {"system": "system", "eval": "eval", "getattr": "getattr", "popen": "popen", "object array": ""}[name]
    assert expected in str(caught.value)


def test_the_refusal_names_file_and_global():
    with pytest.raises(RefusedPickle, match=r"evil.pkl: the file names 'posix.system', which is not plain data"):
        load(pickle.dumps(Malicious(os.system, "true"), 2), "evil.pkl")


def test_only_functions_in_the_table_are_called():
    called = []
    builders = {"mine builder": lambda *arguments: called.append(arguments) or len(arguments)}
    assert load(b"cmine\nbuilder\n(I1\nI2\ntR.", "file", builders) == 2 and called == [(1, 2)]
    with pytest.raises(RefusedPickle, match="'mine.other'"):
        load(b"cmine\nother\n(I1\nI2\ntR.", "file", builders)
    assert len(called) == 1


def test_references_outside_the_file_go_to_the_caller_alone():
    data = b"\x80\x02X\x01\x00\x00\x00kQ."
    assert load(data, "file", persistent=lambda key: f"array {key}") == "array k"
    with pytest.raises(RefusedPickle, match="refers to data outside itself"):
        load(data, "file")


BROKEN = {
    "empty": b"",
    "text": b"hello world, this is no pickle",
    "half": pickle.dumps(PLAIN, 4)[:400],
    "no stop": b"\x80\x04]",
    "stack empty": b"\x80\x04a.",
    "two results": b"\x80\x04NN.",
    "no mark": b"\x80\x04]e.",
    "memo of a mark": b"\x80\x02}(q\x00(K\x01K\x02u1.",
    "value below a mark": b"\x80\x02]K\x01(a1.",
    "unknown memo": b"\x80\x04h\x05.",
    "key without value": b"\x80\x04}(Nu.",
    "unhashable key": b"\x80\x04}](Ns.",
    "string longer than the file": b"\x80\x04B\xff\xff\xff\x7fab.",
    "extension": b"\x80\x02\x82\x01.",
    "buffer elsewhere": b"\x80\x05\x97.",
    "append to a number": b"\x80\x02K\x01K\x02a.",
    "call of a number": b"\x80\x02K\x01)R.",
    "newer protocol": b"\x80\x63N.",
}


@pytest.mark.parametrize("name", BROKEN)
def test_malformed_pickles_are_reported(name):
    with pytest.raises(ValueError, match=r"^labels.pkl: "):
        load(BROKEN[name], "labels.pkl", NUMPY_BUILDERS)


def shape_lie(shape: bytes, code: bytes = b"f8") -> bytes:
    kind = b"cnumpy\ndtype\n(X" + struct.pack("<I", len(code)) + code + b"I0\nI1\ntR"
    return b"cnumpy.core.numeric\n_frombuffer\n(C\x08ABCDEFGH" + kind + shape + b"X\x01\x00\x00\x00CtR."


@pytest.mark.parametrize("shape", [b"(I2\nt", b"(I-1\nt", b"(I99999999999\nt", b"I99999999999\n", b"(F1.0\nt", b"N"])
def test_an_array_whose_shape_does_not_match_its_contents_is_rejected(shape):
    np.testing.assert_array_equal(load(shape_lie(b"(I1\nt"), "f", NUMPY_BUILDERS), np.frombuffer(b"ABCDEFGH"))
    with pytest.raises(ValueError, match="shape"):
        load(shape_lie(shape), "f", NUMPY_BUILDERS)


@pytest.mark.parametrize("code", [b"O", b"V8", b"M8[s]", b"f8,f8", b"i4,O", b"nothing"])
def test_only_numbers_and_text_are_element_types(code):
    with pytest.raises(ValueError, match="f: an array of dtype"):
        load(shape_lie(b"(I1\nt", code), "f", NUMPY_BUILDERS)


def test_memory_and_depth_are_bounded(monkeypatch):
    deep = b"]" * 5000 + b"a" * 4999 + b"."
    with pytest.raises(RefusedPickle, match="nested deeper than 100"):
        load(deep, "f")
    with pytest.raises(RefusedPickle, match="contain themselves"):
        load(b"]q\x00h\x00a.", "f")
    monkeypatch.setattr("affect_jax.files.pickles.opcodes.MAX_STACK", 100)
    with pytest.raises(ValueError, match="more than 100 values on the stack"):
        load(b"N" * 200 + b".", "f")
    level = lambda n: b"](h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1])
    shared = b"(]q\x00" + b"".join(map(level, range(59))) + b"l"
    assert len(load(shared + b".", "f")) == 60  # 2**60 paths, 60 lists: visited once each


def test_a_class_is_not_a_value():
    with pytest.raises(RefusedPickle, match="a class or a dtype where a value was expected"):
        load(b"]cnumpy\nndarray\na.", "f", NUMPY_BUILDERS)
    with pytest.raises(RefusedPickle, match="constructed directly"):
        load(b"cnumpy\nndarray\n(I1000000000000\ntR.", "f", NUMPY_BUILDERS)


def test_a_stream_is_read_up_to_the_end_of_one_pickle(tmp_path):
    path = tmp_path / "two.pkl"
    path.write_bytes(pickle.dumps([1], 2) + pickle.dumps({"b": 2}, 4) + b"rest")
    with path.open("rb") as file:
        assert load(file, "f") == [1] and load(file, "f") == {"b": 2} and file.read() == b"rest"
