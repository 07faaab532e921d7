"""The file of an adapter: what comes back, who may read it, and what is refused."""

import dataclasses
import os

import numpy as np
import pytest
from adapted import make_adapter

from affect_jax.convert import safetensors_file, safetensors_writing
from affect_jax.files import atomic
from affect_jax.personal import adapter_file
from affect_jax.personal.adapter_file import Card, Geometry, read_adapter, write_adapter

DIGEST = "ab" * 32
GEOMETRY = Geometry(np.linspace(0, 1, 10), np.linspace(0, 0.1, 10))
CARD = Card("anna", "prior", 250, 10.04, True, "static@200", DIGEST, GEOMETRY)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "anna.safetensors"
    write_adapter(path, make_adapter(1), CARD, 10**5)
    return path


def test_the_adapter_and_its_card_come_back(path):
    adapter, card = read_adapter(path, DIGEST)
    for name in ("weights", "bias", "scale"):
        np.testing.assert_array_equal(getattr(adapter, name), getattr(make_adapter(1), name))
    for name in ("person", "method", "frames", "seconds", "has_neutral", "network", "network_sha256"):
        assert getattr(card, name) == getattr(CARD, name)
    np.testing.assert_array_equal(card.geometry.mean, GEOMETRY.mean)
    np.testing.assert_array_equal(card.geometry.spread, GEOMETRY.spread)
    assert len(card.sha256) == 64 and path.stat().st_size < 64_000
    assert "launch.forget" in safetensors_file.read_metadata(path)["note"]


def test_it_is_private_from_the_first_byte(tmp_path, monkeypatch):
    modes = []
    replace = os.replace
    monkeypatch.setattr(
        atomic.os, "replace", lambda part, path: modes.append(os.stat(part).st_mode) or replace(part, path)
    )
    before = os.umask(0)
    try:
        write_adapter(tmp_path / "anna.safetensors", make_adapter(1), CARD, 10**5)
    finally:
        os.umask(before)
    assert [mode & 0o777 for mode in modes] == [0o600]
    assert (tmp_path / "anna.safetensors").stat().st_mode & 0o777 == 0o600


def test_the_same_lesson_gives_the_same_bytes(path, tmp_path):
    (tmp_path / "again").mkdir()
    write_adapter(tmp_path / "again" / "anna.safetensors", make_adapter(1), CARD, 10**5)
    assert (tmp_path / "again" / "anna.safetensors").read_bytes() == path.read_bytes()


def test_an_adapter_of_another_checkpoint_is_refused(path):
    message = (
        "is an adapter for another network or checkpoint: it belongs to static@200 with weights abababab, and these"
    )
    with pytest.raises(ValueError, match=message):
        read_adapter(path, "cd" * 32)


def test_no_changed_byte_goes_unnoticed(path):
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="anna.safetensors"):
            read_adapter(path, DIGEST)
    for size in (0, 7, 100, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(ValueError, match="anna.safetensors"):
            read_adapter(path, DIGEST)


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "anna.safetensors"
    safetensors_writing.write(path, {"weights": np.zeros((3, 2), np.float32)}, {})
    with pytest.raises(ValueError, match=r"is no adapter of this version \(format_version None, expected 1\);"):
        read_adapter(path, DIGEST)
    path.write_bytes(bytes(70_000))
    with pytest.raises(ValueError, match="is damaged or no adapter: it has 70000 bytes, expected less than 64000"):
        read_adapter(path, DIGEST)
    with pytest.raises(FileNotFoundError):
        read_adapter(tmp_path / "none.safetensors", DIGEST)


def test_arrays_that_fit_no_network_are_refused(tmp_path):
    arrays = {
        "weights": np.zeros((8, 2), np.float32),
        "bias": np.zeros(3, np.float32),
        "scale": np.zeros(2, np.float32),
    }
    entries = adapter_file._entries(CARD)
    checksum = adapter_file._checksum(arrays, entries)
    safetensors_writing.write(tmp_path / "anna.safetensors", arrays, {**entries, "sha256": checksum})
    with pytest.raises(ValueError, match=r"anna.safetensors: bias has shape \(3,\), expected \(2,\); learn it again"):
        read_adapter(tmp_path / "anna.safetensors", DIGEST)


def test_what_should_not_be_written_is_refused(tmp_path):
    path = tmp_path / "P" / "anna.safetensors"
    unknown = dataclasses.replace(make_adapter(1), bias=np.float32([0, np.nan]))
    cases = [
        (make_adapter(1), 1999, "the adapter has 20 numbers, more than 1% of the 1999 parameters of static@200; use a"),
        (make_adapter(1, 8000), 10**9, r"the adapter would take \d+ bytes, expected less than 64000"),
        (unknown, 10**5, "bias holds numbers that are not finite"),
    ]
    for adapter, parameters, message in cases:
        with pytest.raises(ValueError, match=message):
            write_adapter(path, adapter, CARD, parameters)
    with pytest.raises(ValueError, match=r"ben.safetensors: expected the name anna.safetensors"):
        write_adapter(tmp_path / "ben.safetensors", make_adapter(1), CARD, 10**5)
    with pytest.raises(ValueError, match="'../x' is no name of a person"):
        write_adapter(path, make_adapter(1), dataclasses.replace(CARD, person="../x"), 10**5)
    assert not path.parent.exists()


def test_the_content_is_that_of_the_writer_of_files(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.int64([7])}
    safetensors_writing.write(tmp_path / "x", arrays, {"note": "é"})
    assert (tmp_path / "x").read_bytes() == safetensors_writing.encode(arrays, {"note": "é"})
