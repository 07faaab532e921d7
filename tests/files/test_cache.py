"""Where what can be made again is kept, also without a home folder."""

import os
import pathlib
import stat
import tempfile

import pytest

from affect_jax.files import cache


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A temporary folder of this test's own, and nothing remembered from other tests."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    cache._writable.cache_clear()
    yield
    cache._writable.cache_clear()


def temporary(tmp_path) -> pathlib.Path:
    return tmp_path / "temporary" / f"affect_jax_{os.getuid()}"


def test_the_cache_is_below_the_home_folder_or_xdg_cache_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.cache_folder() == tmp_path / "home" / ".cache" / "affect_jax"
    monkeypatch.setenv("XDG_CACHE_HOME", "~/kept")
    assert cache.cache_folder() == tmp_path / "home" / "kept" / "affect_jax"


HOMES = {"none": None, "empty": "", "the root": "/", "not a folder": "/dev/null", "not writable": "/proc/none"}


@pytest.mark.parametrize("home", HOMES)
def test_without_a_usable_home_a_temporary_folder_is_used_and_said_once(home, tmp_path, monkeypatch, caplog):
    if HOMES[home] is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # a user number without a name
    else:
        monkeypatch.setenv("HOME", HOMES[home])
    with caplog.at_level("WARNING"):
        found = {cache.cache_folder() for _ in range(3)}
    assert found == {temporary(tmp_path)}
    assert stat.S_IMODE(temporary(tmp_path).stat().st_mode) == 0o700
    (message,) = [record.getMessage() for record in caplog.records]
    assert str(temporary(tmp_path)) in message and "set XDG_CACHE_HOME" in message


def test_a_full_file_system_counts_as_not_writable(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    kept = tempfile.TemporaryFile
    full = lambda **options: open("/dev/full", "wb", buffering=0) if "home" in str(options["dir"]) else kept(**options)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert cache.cache_folder() == temporary(tmp_path)
    assert "No space left on device" in caplog.text


def test_a_temporary_folder_that_another_user_made_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/")
    (tmp_path / "theirs").mkdir()
    temporary(tmp_path).symlink_to(tmp_path / "theirs")
    found = cache.cache_folder()
    assert found.parent == tmp_path / "temporary" and found != temporary(tmp_path)
    assert not list((tmp_path / "theirs").iterdir())


def test_a_file_in_a_cache_that_can_only_be_read_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    own = tmp_path / "home" / ".cache" / "affect_jax"
    own.mkdir(parents=True)
    (own / "model").write_text("")
    monkeypatch.setattr(cache, "_fault", lambda folder: "not writable" if folder == own else "")
    assert cache.cached_file("model") == own / "model"
    assert cache.cached_file("other") == temporary(tmp_path) / "other"
