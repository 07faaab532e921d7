"""A sweep as an array of a real Slurm, against the same sweep here, one run after another."""

import pathlib
import subprocess
import sys

from slurm_cluster import until

ROOT = pathlib.Path(__file__).parents[2]
FILE = str(ROOT / "tests" / "slurm" / "small_sweep.py")
SECONDS = 600  # until the first step; a thirtieth of it on a quiet machine
TRIALS = 3


def begin(slurm, workdir, *words):
    command = [sys.executable, "-m", "launch.sweep", f"--config={FILE}", f"--sweep={FILE}", f"--workdir={workdir}"]
    with workdir.with_suffix(".log").open("w") as output:
        return subprocess.Popen([*command, *words], cwd=ROOT, env=slurm.environment, stdout=output, stderr=output)


def running(slurm):
    return slurm.call("squeue", "--noheader", "--states=RUNNING", "--format=%F_%K").split()


def test_an_array_of_three_with_limit_two_of_which_one_is_stopped_gives_the_table_of_a_sweep_here(slurm, tmp_path):
    here, array = tmp_path / "here", tmp_path / "array"
    with begin(slurm, here) as inline:
        assert inline.wait() == 0, here.with_suffix(".log").read_text()
    with begin(slurm, array, "--executor=slurm", "--at_once=2", "--sbatch=--time=30") as sweep:
        begun = lambda: any(array.glob("*/metrics.jsonl")) or sweep.poll() is not None
        until(begun, SECONDS, "the first step", array.with_suffix(".log").read_text)
        tasks = running(slurm)
        assert 1 <= len(tasks) <= 2, array.with_suffix(".log").read_text()
        stopped = tasks[0]
        slurm.call("scancel", "--signal=TERM", stopped)
        assert sweep.wait() == 0, array.with_suffix(".log").read_text()
    assert slurm.job(stopped)["Restarts"] == "1"
    assert len((here / "table.csv").read_text().splitlines()) == 1 + TRIALS
    assert (array / "table.csv").read_text() == (here / "table.csv").read_text()
