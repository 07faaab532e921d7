import json
import struct

import numpy as np
import pytest

from affect_jax.convert import safetensors_file
from affect_jax.convert.safetensors_writing import write

ARRAYS = {
    "a/kernel": np.float32([[1.5, -2.0], [np.nan, 1e-45]]),
    "a/count": np.int64(7),
    "flag": np.array([True, False, True]),
    "nothing": np.zeros((0, 4), np.float32),
}


def test_a_file_is_what_the_format_says(tmp_path):
    arrays = {"one": np.float32([1.0, -1.0]), "two": np.uint8([[3], [4]])}
    write(tmp_path / "x.safetensors", arrays, {"step": "7"})
    data = (tmp_path / "x.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0 and len(data) == 8 + length + 8 + 2
    assert json.loads(data[8 : 8 + length]) == {
        "__metadata__": {"step": "7"},
        "one": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "two": {"dtype": "U8", "shape": [2, 1], "data_offsets": [8, 10]},
    }
    # 1.0 and -1.0 in little-endian IEEE 754, then the two bytes.
    assert data[8 + length :] == bytes.fromhex("0000803f 000080bf 03 04")


def test_every_bit_comes_back(tmp_path):
    path = tmp_path / "x.safetensors"
    write(path, ARRAYS, {"step": "7"})
    found = safetensors_file.read(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
    assert safetensors_file.read_metadata(path) == {"step": "7"}


def test_files_without_metadata_have_none_and_other_files_are_refused(tmp_path):
    write(tmp_path / "x.safetensors", ARRAYS, {})
    assert safetensors_file.read_metadata(tmp_path / "x.safetensors") == {}
    (tmp_path / "y.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="y.safetensors is not a safetensors file: it starts with b'no'"):
        safetensors_file.read_metadata(tmp_path / "y.safetensors")


def test_a_dtype_that_the_format_lacks_is_refused_and_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="'x' is complex64; a safetensors file holds float64, float32"):
        write(tmp_path / "x.safetensors", {"x": np.complex64([1])}, {})
    assert not list(tmp_path.iterdir())
