"""Options of sbatch as users give them, and commands of Slurm that answer, refuse or are missing."""

import sys

import pytest

from affect_jax.experiment import sbatch
from affect_jax.experiment.config.errors import UsageError


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a Python program in place of sbatch, which is the only command there is."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(text: str) -> None:
        path = tmp_path / "sbatch"
        path.write_text(f"#!{sys.executable}\nimport sys\n{text}\n")
        path.chmod(0o755)

    return install


@pytest.mark.parametrize("option, name", [("--partition=gpu", "partition"), ("--exclusive", "exclusive")])
def test_an_option_has_a_name(option, name):
    assert sbatch.option_name(option) == name


@pytest.mark.parametrize("option", ["partition=gpu", "-p gpu", "-a0-3", "--a=b\n#SBATCH --c=d", "--a\0", "--", ""])
def test_what_is_no_single_long_option_is_refused(option):
    with pytest.raises(UsageError, match="expected one option of sbatch, such as --sbatch=--partition=gpu"):
        sbatch.option_name(option)


@pytest.mark.parametrize("answer", ["41", "41;cluster"])
def test_a_script_is_submitted_as_it_is_and_its_job_number_returned(program, tmp_path, answer):
    program(f"open('{tmp_path}/given', 'w').write(sys.stdin.read()); print('{answer}', file=sys.stdout)")
    script = "#!/bin/bash\necho 'a b' \"$@\"\n"
    assert sbatch.submit(script, "wait") == "41"
    assert (tmp_path / "given").read_text() == script


def test_a_refusal_and_a_missing_command_are_named(program, tmp_path):
    program("sys.exit('sbatch: error:\\n invalid partition')")
    with pytest.raises(OSError, match="^sbatch failed: sbatch: error: invalid partition$"):
        sbatch.submit("#!/bin/bash\n", "wait")
    (tmp_path / "sbatch").unlink()
    with pytest.raises(UsageError, match="^there is no sbatch on this machine: .* Slurm cluster, or wait$"):
        sbatch.submit("#!/bin/bash\n", "wait")
