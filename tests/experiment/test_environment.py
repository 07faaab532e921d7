"""The state of the code and the versions of packages that a card records."""

import shutil
import subprocess

import jax
import numpy as np
import pytest

from affect_jax.experiment.environment import environment, git_state


def git(folder, *words):
    identity = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_checkout_has_a_commit_and_says_whether_tracked_files_were_modified(tmp_path):
    assert git_state(tmp_path) is None
    git(tmp_path, "init")
    assert git_state(tmp_path) is None  # no commit yet
    (tmp_path / "code.py").write_text("a = 1\n")
    (tmp_path / "package").mkdir()
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "first")
    (tmp_path / "untracked").write_text("")
    commit = git(tmp_path, "log", "--format=%H")
    assert git_state(tmp_path) == {"commit": commit, "modified": False}
    (tmp_path / "code.py").write_text("a = 2\n")
    assert git_state(tmp_path) == {"commit": commit, "modified": True}
    assert git_state(tmp_path / "package") is None  # installed inside the repository of somebody else


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None


def test_versions_are_those_of_the_imported_libraries():
    found = environment()
    assert found["packages"]["numpy"] == np.__version__
    assert found["packages"]["jax"] == jax.__version__ and "jaxlib" in found["packages"]
    assert "torch" not in found["packages"]  # needed by tests alone
    assert found["devices"] == {"kind": "cpu", "count": 8}
