"""A file system that is full or read-only: what is said, and which errors mean it."""

import errno
import os
import pathlib

import pytest

from affect_jax.files import disk
from affect_jax.files.atomic import open_atomically
from affect_jax.files.disk import DiskError, find_fault, require_renaming, require_writable


def test_an_error_of_writing_knows_its_path_and_leaves_nothing_half_written(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(OSError) as caught, open_atomically(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as write() raises it, without a path
    problem, remedy = find_fault(caught.value)
    assert problem.startswith(f"{path} could not be written: the file system ") and remedy == disk.FULL
    assert " is full (" in problem and problem.endswith("B left)")
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


TENSORSTORE = (
    'RESOURCE_EXHAUSTED: Error writing "head/0" in OCDBT database at local file "{folder}/checkpoints/8'
    '.orbax-checkpoint-tmp/network.orbax-checkpoint-tmp/ocdbt.process_0/": Failed to write 50 bytes to file 11: No '
    "space left on device [os_error_code='28']"
)


def test_errors_of_tensorstore_are_recognized_by_their_text_also_as_causes(tmp_path):
    try:
        try:
            raise ValueError(TENSORSTORE.format(folder=tmp_path))
        except ValueError as error:
            raise RuntimeError("Event loop is closed") from error
    except RuntimeError as error:
        problem, _ = find_fault(error)
    assert problem.startswith(f"{tmp_path}/checkpoints/8 could not be written: the file system ")


STATES = {errno.EDQUOT: "has no room left in your quota", errno.EROFS: "is read-only"}


@pytest.mark.parametrize("code", STATES)
def test_a_used_quota_and_a_read_only_file_system_are_told_from_a_full_one(code, tmp_path):
    problem, remedy = find_fault(OSError(code, os.strerror(code), str(tmp_path / "new" / "a.csv.12.part")))
    mount = disk.mount_point(tmp_path)
    assert problem == f"{tmp_path}/new/a.csv could not be written: the file system {mount} {STATES[code]}"
    assert remedy == (disk.ELSEWHERE if code == errno.EROFS else disk.FULL)


OTHERS = (
    ValueError("RESOURCE_EXHAUSTED: Out of memory allocating 5 bytes"),
    FileNotFoundError(errno.ENOENT, "No such file or directory", "x"),
    KeyError("x"),
)


@pytest.mark.parametrize("error", OTHERS)
def test_other_errors_are_none_of_the_file_system(error):
    assert find_fault(error) is None


def test_the_mount_point_of_a_path_that_does_not_exist_is_that_of_its_folder(tmp_path):
    found = disk.mount_point(tmp_path / "a" / "b")
    assert found.is_mount() and tmp_path.resolve().is_relative_to(found)
    assert disk.mount_point("/proc/none") == pathlib.Path("/proc")


def test_a_folder_that_cannot_be_written_is_known_before_the_work(tmp_path, monkeypatch):
    require_writable(tmp_path / "new" / "deeper")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DiskError, match=rf"{tmp_path}/new could not be written: this user may not write to {tmp_path}"):
        require_writable(tmp_path / "new")


@pytest.mark.parametrize("call", ["replace", "rename"])
def test_a_file_system_that_cannot_rename_is_named_and_nothing_is_left(call, tmp_path, monkeypatch):
    require_renaming(tmp_path)
    assert not list(tmp_path.iterdir())

    def refuse(*_, **__):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(
        DiskError, match=rf"{tmp_path}: its file system cannot rename files and folders \(Invalid cross"
    ):
        require_renaming(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_not_mistaken_for_one_that_cannot_rename(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        require_renaming(tmp_path)
