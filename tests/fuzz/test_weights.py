"""Damaged checkpoint files of other programs: their own tensors, or one sentence that names the file."""

import json
import struct

import numpy as np
import pytest
import torch_files
from mutations import PROFILES, damaged_bytes, damaged_json, for_all, outcome

from affect_jax.convert.weights import read

pytestmark = pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")  # of pickletools
ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "conv.bias": np.float32([0.5, -1.5]),
    "steps": np.array([7], np.int64),
}


def safetensors(arrays: dict[str, np.ndarray]) -> tuple[str, bytes]:
    """Header and data."""
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        code = {"float32": "F32", "int64": "I64"}[array.dtype.name]
        offsets = [len(body), len(body) + array.nbytes]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": offsets}
        body += array.tobytes()
    return json.dumps(header), body


def joined(header: bytes, body: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + body


def checker(path, form=""):
    """A check of the bytes of a file; tensors cannot hold more than the file does."""

    def check(data: bytes) -> None:
        path.write_bytes(data)
        found = outcome(lambda: read(path), path.name)
        if found is not None:
            assert not form or found.form == form
            assert found.states and all(found.states.values())
            for state in found.states.values():
                for name, array in state.items():
                    assert isinstance(name, str) and isinstance(array, np.ndarray) and array.dtype != object
                    if form == "torch zip":  # its parts have checksums
                        np.testing.assert_array_equal(array, ARRAYS[name])

    return check


@PROFILES
def test_damaged_zip_files(profile, tmp_path):
    check, whole = checker(tmp_path / "net.pth", "torch zip"), torch_files.checkpoint(ARRAYS)
    check(whole)
    for_all(profile, damaged_bytes(whole), check)


@PROFILES
def test_damaged_pickles_inside_whole_zip_files(profile, tmp_path):
    body, storages = torch_files.state_dict(ARRAYS)
    raw = {key: array.tobytes() for key, array in storages.items()}
    check = checker(tmp_path / "net.pth")
    for_all(profile, damaged_bytes(body), lambda body: check(torch_files.zip_bytes(body, raw)))


@PROFILES
def test_damaged_legacy_files(profile, tmp_path):
    check, whole = checker(tmp_path / "net.pth"), torch_files.legacy_bytes(*torch_files.state_dict(ARRAYS, legacy=True))
    check(whole)
    for_all(profile, damaged_bytes(whole), check)


@PROFILES
def test_damaged_safetensors(profile, tmp_path):
    header, body = safetensors(ARRAYS)
    check = checker(tmp_path / "net.safetensors")
    check(joined(header.encode(), body))
    for_all(profile, damaged_bytes(joined(header.encode(), body)), check)
    for_all(profile, damaged_json(header), lambda header: check(joined(header, body)))
