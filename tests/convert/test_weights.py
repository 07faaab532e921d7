"""Checkpoint files read without PyTorch: values from files written by hand, and what is wrong said plainly."""

import hashlib
import io
import json
import pickle
import re
import struct
import zipfile

import numpy as np
import pytest
import torch_files
from torch_files import checkpoint, legacy_bytes, mapping, named, state_dict, tensor, text, zip_bytes

from affect_jax.convert.weights import read

ARRAYS = {
    "conv.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 7,
    "bn.bias": np.array([0.5, -1.25]),
    "half": np.array([[1, 2]], np.float16),
    "count": np.array(7),
    "small": np.array([1, -1], np.int8),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 4), np.float32),
}


def stored(tmp_path, data: bytes, name: str = "net.pth"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype.newbyteorder("=") and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_a_zip_checkpoint_gives_its_tensors_in_their_order(tmp_path):
    found = read(stored(tmp_path, checkpoint(ARRAYS)))
    assert_same(found.states[""], ARRAYS)
    assert found.form == "torch zip"


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_legacy_checkpoint_of_either_byte_order_gives_the_same(tmp_path, order):
    body, storages = state_dict(ARRAYS, legacy=True)
    found = read(stored(tmp_path, legacy_bytes(body, storages, order=order)))
    assert_same(found.states[""], ARRAYS)
    assert found.form == "torch legacy"


def test_a_big_endian_zip_gives_the_same(tmp_path):
    body, storages = state_dict(ARRAYS)
    raw = {key: array.astype(array.dtype.newbyteorder(">")).tobytes() for key, array in storages.items()}
    assert_same(read(stored(tmp_path, zip_bytes(body, raw, order="big"))).states[""], ARRAYS)


def test_the_fingerprint_is_that_of_the_file(tmp_path):
    path = stored(tmp_path, checkpoint(ARRAYS))
    assert read(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_views_share_a_storage(tmp_path):
    row = np.arange(12, dtype=np.float32)
    body = mapping(
        {
            "transposed": tensor("0", row, shape=(3, 4), strides=(1, 3)),
            "part": tensor("0", row, offset=5, shape=(2, 2), strides=(4, 1)),
            "expanded": tensor("0", row, offset=2, shape=(3, 2), strides=(0, 1)),
            "number": tensor("0", row, offset=11, shape=(), strides=()),
        }
    )
    found = read(stored(tmp_path, zip_bytes(body, {"0": row.tobytes()}))).states[""]
    np.testing.assert_array_equal(found["transposed"], row.reshape(4, 3).T)
    np.testing.assert_array_equal(found["part"], [[5, 6], [9, 10]])
    np.testing.assert_array_equal(found["expanded"], [[2, 3]] * 3)
    assert found["number"] == 11


def test_bfloat16_becomes_float32(tmp_path):
    exact = np.array([1.0, -2.5, 0.15625, 3e38], np.float32)  # 8 bits of significand: the last is rounded below
    bits = (exact.view(np.uint32) >> 16).astype("<u2")
    body = mapping({"w": tensor("0", np.zeros(4, np.float16), kind="BFloat16")})
    found = read(stored(tmp_path, zip_bytes(body, {"0": bits.tobytes()}))).states[""]["w"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:3], exact[:3])
    np.testing.assert_allclose(found[3], exact[3], rtol=2**-7)


def test_dicts_of_tensors_are_found_under_their_keys_and_what_is_no_tensor_is_passed_over(tmp_path):
    body, storages = state_dict({f"module.{name}": array for name, array in ARRAYS.items()})
    whole = {"epoch": b"K\x05", "count": tensor("0", storages["0"]), "checkpoint": mapping({"model": body})}
    found = read(stored(tmp_path, zip_bytes(mapping(whole), {key: a.tobytes() for key, a in storages.items()})))
    assert list(found.states) == ["", "checkpoint.model."]
    assert_same(found.states[""], {"count": ARRAYS["conv.weight"]})
    assert_same(found.states["checkpoint.model."], {f"module.{name}": array for name, array in ARRAYS.items()})


def test_torchscript_gives_its_tensors_by_dotted_names(tmp_path):
    weight = np.arange(4, dtype=np.float32)
    holder = lambda kind, items: named(f"__torch__.some.{kind}", kind) + b")\x81" + mapping(items) + b"b"
    inner = holder("Conv2d", {"training": b"\x89", "weight": tensor("0", weight)})
    found = read(
        stored(tmp_path, zip_bytes(holder("FAN", {"conv1": inner, "scale": b"K\x02"}), {"0": weight.tobytes()}))
    )
    assert found.form == "torchscript"
    assert_same(found.states[""], {"conv1.weight": weight})


def safetensors_bytes(arrays: dict, codes: dict, shift: int = 0) -> bytes:
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        offsets = [len(body) + shift, len(body) + len(raw) + shift]
        header[name] = {"dtype": codes[name], "shape": list(array.shape), "data_offsets": offsets}
        body += raw
    text_ = json.dumps(header).encode()
    return struct.pack("<Q", len(text_)) + text_ + body


def test_safetensors_gives_the_same(tmp_path):
    codes = {"conv.weight": "F32", "bn.bias": "F64", "half": "F16", "count": "I64", "small": "I8", "flags": "BOOL"}
    codes["none"] = "F32"
    data = safetensors_bytes(ARRAYS, codes)
    found = read(stored(tmp_path, data, "net.safetensors"))
    assert_same(found.states[""], ARRAYS)
    assert found.form == "safetensors"
    with pytest.raises(ValueError, match=r"net.safetensors, tensor 'flags': its bytes .* is the download incomplete"):
        read(stored(tmp_path, data[:-1], "net.safetensors"))
    with pytest.raises(ValueError, match="header is not valid JSON"):
        read(stored(tmp_path, data[:60], "net.safetensors"))
    with pytest.raises(ValueError, match="tensor 'conv.weight': .*'Q4'"):
        read(stored(tmp_path, safetensors_bytes(ARRAYS, {**codes, "conv.weight": "Q4"}), "net.safetensors"))


@pytest.mark.parametrize(
    "header, message",
    [
        ('{"a": {"dtype": "F32", "shape": [Infinity], "data_offsets": [0, 4]}}', "tensor 'a': its shape is .inf,"),
        ('{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', "its shape is .-1,"),
        ('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, true]}}', "its bytes 0 to True; expected whole"),
        ("{}[]", "header is not valid JSON"),
        ('{"a": ' + 5000 * "9" + "}", "header is not valid JSON .*4300 digits"),
    ],
)
def test_a_safetensors_header_that_describes_no_tensors_is_named(tmp_path, header, message):
    data = struct.pack("<Q", len(header)) + header.encode() + bytes(4)
    with pytest.raises(ValueError, match=rf"net\.safetensors.*{message}"):
        read(stored(tmp_path, data, "net.safetensors"))


def test_a_wrong_offset_in_a_zip_file_is_named(tmp_path):
    data = zip_bytes(mapping({"a": tensor("0", ARRAYS["bn.bias"])}), {"0": ARRAYS["bn.bias"].tobytes()})
    entry = data.index(b"PK\x01\x02")
    for place in (*range(entry + 42, entry + 46), *range(len(data) - 10, len(data) - 2)):
        path = stored(tmp_path, data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :], "net.pth")
        with pytest.raises(ValueError, match=r"net\.pth: a damaged or incomplete zip archive"):
            read(path)


def attack(witness) -> bytes:
    return named("posix", "system") + torch_files.group(text(f"touch {witness}")) + b"R"


@pytest.mark.parametrize("form", ["zip", "legacy", "zip, before the tensors"])
def test_a_malicious_file_is_refused_and_nothing_of_it_runs(tmp_path, form):
    witness = tmp_path / "witness"
    body = mapping({"a": tensor("0", ARRAYS["bn.bias"], legacy=form == "legacy"), "attack": attack(witness)})
    if form == "zip, before the tensors":
        body = attack(witness) + b"0" + state_dict(ARRAYS)[0]
    raw = {"0": ARRAYS["bn.bias"]}
    data = legacy_bytes(body, raw) if form == "legacy" else zip_bytes(body, {"0": raw["0"].tobytes()})
    with pytest.raises(ValueError, match=r"evil.pth: the file names 'posix.system'.* nothing was executed"):
        read(stored(tmp_path, data, "evil.pth"))
    assert not witness.exists()
    pickle.loads(b"\x80\x02" + attack(witness) + b".")  # the attack is a real one
    assert witness.exists()


def test_a_whole_model_is_refused_by_the_name_of_its_class(tmp_path):
    body = named("emonet.models", "EmoNet") + b")\x81" + mapping({"a": b"K\x01"}) + b"b"
    with pytest.raises(ValueError, match=r"names 'emonet.models.EmoNet'.*save only its tensors"):
        read(stored(tmp_path, zip_bytes(body, {})))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_half_a_file_is_named(tmp_path, form, share):
    arrays = {"w": np.arange(500, dtype=np.float32), "v": np.arange(700, dtype=np.float32)}
    body, storages = state_dict(arrays, legacy=True)
    data = checkpoint(arrays) if form == "zip" else legacy_bytes(body, storages)
    with pytest.raises(ValueError, match=r"net.pth"):
        read(stored(tmp_path, data[: int(len(data) * share)]))


def zip_of(entries: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


ROW = np.arange(4, dtype=np.float32)
ONE = mapping({"w": tensor("0", ROW)})
WRONG = {
    "not a checkpoint": (b"<html><body>Not found", "neither a torch.save, a safetensors nor an npz file"),
    "empty": (b"", "has 0 bytes"),
    "another zip": (zip_of({"a.txt": b"text"}), "must have exactly one '<name>/data.pkl'"),
    "name outside": (zip_of({"net/data.pkl": b"", "net/../../x": b""}), "points outside the archive; refused"),
    "absolute name": (zip_of({"net/data.pkl": b"", "/x": b""}), "points outside the archive; refused"),
    "bomb": (zip_of({"net/data.pkl": b"\0" * 2**25}, zipfile.ZIP_DEFLATED), "too many for its own size; refused"),
    "no storage": (zip_bytes(ONE, {}), "the archive lacks the storage '0'"),
    "path as key": (zip_bytes(mapping({"w": tensor("../../etc/passwd", ROW)}), {}), "lacks the storage '../../etc/"),
    "short storage": (zip_bytes(ONE, {"0": b"1234"}), "entry 'w': a storage of 4 values needs 16 bytes"),
    "view outside": (
        zip_bytes(mapping({"w": tensor("0", ROW, offset=1)}), {"0": ROW.tobytes()}),
        "reaches outside its storage of 4 values",
    ),
    "negative stride": (
        zip_bytes(mapping({"w": tensor("0", ROW, offset=3, shape=(4,), strides=(-1,))}), {"0": ROW.tobytes()}),
        "with strides",
    ),
    "huge view": (
        zip_bytes(mapping({"w": tensor("0", ROW, shape=(2**15, 2**15), strides=(0, 0))}), {"0": ROW.tobytes()}),
        "more than",
    ),
    "unknown kind": (zip_bytes(mapping({"w": tensor("0", ROW, kind="Quantized")}), {"0": b""}), "QuantizedStorage"),
    "a list": (zip_bytes(b"](K\x01e", {}), "has no tensors by name"),
    "no state dict": (zip_bytes(mapping({"epoch": b"K\x01", "lr": b"K\x02"}), {}), "it has: epoch, lr"),
    "two kinds": (
        zip_bytes(mapping({"w": tensor("0", ROW), "v": tensor("0", ROW, kind="Int")}), {"0": ROW.tobytes()}),
        "two different kinds or sizes",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_said(tmp_path, name):
    data, message = WRONG[name]
    with pytest.raises(ValueError, match=r"net.pth.*" + re.escape(message)):
        read(stored(tmp_path, data))
