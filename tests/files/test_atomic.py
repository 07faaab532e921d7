import csv
import os
import subprocess
import sys

import pytest

from affect_jax.files.atomic import (
    open_atomically,
    partial_path,
    remove_abandoned,
    replace_atomically,
    write_csv,
)


def test_a_file_keeps_its_old_content_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with open_atomically(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text() == "old" and partial_path(path).read_text() == "new"
    assert path.read_text() == "new" and [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_an_error_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replace_atomically(path) as part:
        part.write_bytes(b"ne")
        raise RuntimeError
    assert path.read_bytes() == b"old" and not partial_path(path).exists()


def test_lines_with_different_keys_become_one_table(tmp_path):
    write_csv([{"run": "a", "ccc": 0.5}, {"run": 'b, "c"', "nme": 0.04}], tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["run", "ccc", "nme"], ["a", "0.5", ""], ['b, "c"', "", "0.04"]]


def test_part_files_of_killed_processes_are_removed_and_of_running_ones_kept(tmp_path):
    path = tmp_path / "table [1].csv"
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    dead = tmp_path / f"table [1].csv.{done.pid}.part"
    alive = tmp_path / f"table [1].csv.{os.getpid()}.part"
    others = [tmp_path / "table [1].csv.notes.part", tmp_path / f"table 1.csv.{done.pid}.part", tmp_path / "x.part"]
    for part in (dead, alive, *others):
        part.touch()
    remove_abandoned(path)
    assert not dead.exists() and alive.exists() and all(other.exists() for other in others)
