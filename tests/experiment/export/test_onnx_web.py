"""Where the runtime of the page comes from, with a package made here instead of a network."""

import io
import pathlib
import shutil
import subprocess
import tarfile

import pytest

from affect_jax.experiment.export import onnx_web
from affect_jax.files.checksum import sha256


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A registry whose package holds two small files and others; counts how often it is asked."""
    commands = []
    for name in onnx_web.SHA256:
        (tmp_path / name).write_text(name)
    checksums = {name: sha256(tmp_path / name) for name in onnx_web.SHA256}

    def pack(command, **_):
        commands.append(command)
        folder = pathlib.Path(command[command.index("--pack-destination") + 1])
        with tarfile.open(folder / "made-1.tgz", "w:gz") as archive:
            for name in (*checksums, "other.js"):
                entry = tarfile.TarInfo(f"package/dist/{name}")
                entry.size = len(name)
                archive.addfile(entry, io.BytesIO(name.encode()))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache folder"))
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", pack)
    monkeypatch.setattr(onnx_web, "SHA256", checksums)
    return commands


def test_two_files_are_fetched_once_and_again_if_they_are_damaged(npm):
    first = onnx_web.files()
    assert {name: path.read_text() for name, path in first.items()} == {name: name for name in first}
    assert onnx_web.files() == first and len(npm) == 1
    folder = first[onnx_web.WASM].parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(first)
    first[onnx_web.WASM].write_text("damaged")
    assert onnx_web.files()[onnx_web.WASM].read_text() == onnx_web.WASM and len(npm) == 2


def test_another_file_of_that_name_is_not_used(npm, monkeypatch):
    monkeypatch.setitem(onnx_web.SHA256, onnx_web.WASM, "0" * 64)
    with pytest.raises(ValueError, match=r"wasm of onnxruntime-web@.* has sha256 .*, expected 000.*; it is not used"):
        onnx_web.files()


def test_without_npm_or_network_the_message_says_what_to_copy(npm, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\nnpm error network")
    monkeypatch.setattr(subprocess, "run", lambda command, **_: failed)
    with pytest.raises(
        FileNotFoundError, match=r"npm could not download .* \(npm error code ENOTFOUND\). With network"
    ):
        onnx_web.files()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="which npm downloads, and npm is not installed .* Or copy ort.wasm"):
        onnx_web.files()
