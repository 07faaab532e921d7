"""The script of an array, and how Slurm's commands are asked; tests/slurm runs them on a real cluster."""

import json
import os
import pathlib
import shlex
import subprocess
import sys

import pytest

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.study import slurm
from affect_jax.experiment.study.child import Stop

HOSTILE = "a b'; touch hacked; $(touch hacked) `touch hacked` \"x"


def install(folder: pathlib.Path, name: str, program: str) -> None:
    """A command that Python runs, in `folder`."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{program}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path, monkeypatch) -> pathlib.Path:
    """A folder of commands that are found first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize(("code", "requeued"), [(0, False), (1, False), (75, True)])
def test_the_script_runs_one_worker_with_its_words_as_they_are_and_requeues_what_was_saved(
    code, requeued, programs, tmp_path, monkeypatch
):
    record = f"import json, os, sys; open('{tmp_path}/NAME', 'w').write(json.dumps([os.getcwd(), *sys.argv[1:]]))"
    install(programs, "worker", record.replace("NAME", "worker.json") + f"; sys.exit({code})")
    install(programs, "scontrol", record.replace("NAME", "scontrol.json"))
    monkeypatch.setattr(sys, "executable", str(programs / "worker"))
    workdir, folder = tmp_path / HOSTILE, tmp_path / "start; here"
    folder.mkdir()
    script = slurm.render(workdir, 3, 2, [f"--comment={HOSTILE}"], folder)
    environment = {**os.environ, "SLURM_JOB_ID": "7_1"}
    done = subprocess.run(["bash", "-s"], input=script, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == code
    words = [str(folder), "-m", "launch.sweep", f"--workdir={workdir}", "--executor=slurm", "--once"]
    assert json.loads((tmp_path / "worker.json").read_text()) == words
    assert (tmp_path / "scontrol.json").exists() == requeued
    if requeued:
        assert json.loads((tmp_path / "scontrol.json").read_text())[1:] == ["requeue", "7_1"]
    assert not list(tmp_path.rglob("hacked"))


def test_the_header_limits_the_array_and_quotes_what_users_write(tmp_path):
    script = slurm.render(tmp_path / "a b", 12, 3, ["--partition=gpu", "--comment=x y"], tmp_path)
    header = [shlex.split(line)[1:] for line in script.splitlines() if line.startswith("#SBATCH ")]
    assert [words for words in header if len(words) != 1] == []
    options = [words[0] for words in header]
    assert "--array=0-11%3" in options and "--requeue" in options and "--signal=TERM@120" in options
    assert options[-2:] == ["--partition=gpu", "--comment=x y"]
    assert f"--output={tmp_path}/a b/slurm-%A_%a.log" in options


def test_options_that_would_change_the_script_are_refused():
    with pytest.raises(UsageError, match="expected one option of sbatch"):
        slurm.check_options(["--comment=a\nrm -r x"])
    with pytest.raises(UsageError, match="the sweep sets --array itself"):
        slurm.check_options(["--partition=gpu", "--array=0-3"])


def test_a_path_that_would_end_a_line_is_refused_and_a_percent_sign_is_kept(tmp_path):
    with pytest.raises(UsageError, match="a path in a script of sbatch must not end its line"):
        slurm.render(tmp_path / "a\n#SBATCH --wrap=x", 1, 1, [], tmp_path)
    assert f"--output={tmp_path}/5%%A/slurm-%A_%a.log\n" in slurm.render(tmp_path / "5%A", 1, 1, [], tmp_path)


def test_an_array_is_submitted_once_and_waited_for(programs, tmp_path):
    install(programs, "sbatch", f"import sys; open('{tmp_path}/calls', 'a').write(sys.stdin.read()); print('41;main')")
    queue = f"import pathlib; p = pathlib.Path('{tmp_path}/queue'); print(p.read_text() if p.exists() else '')"
    install(programs, "squeue", queue)
    assert slurm.submit(tmp_path, "#!/bin/bash\n") == "41"
    (tmp_path / "queue").write_text("40 0 RUNNING\n41 0 RUNNING\n41 1-2 PENDING\n41 3 PENDING")
    assert slurm.queued("41") == {"0": "RUNNING", "1-2": "PENDING", "3": "PENDING"}
    assert slurm.submit(tmp_path, "#!/bin/bash\n") == "41"
    stop = Stop()
    stop.request()
    assert not slurm.wait("41", stop)
    (tmp_path / "queue").unlink()
    assert slurm.wait("41", Stop())
    assert slurm.submit(tmp_path, "#!/bin/bash\n") == "41"
    assert (tmp_path / "calls").read_text() == (tmp_path / "slurm.sh").read_text() * 2 == "#!/bin/bash\n" * 2


def test_a_machine_without_slurm_is_told_of_another_executor(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="there is no sbatch on this machine: .* use --executor=local"):
        slurm.submit(tmp_path, "#!/bin/bash\n")
