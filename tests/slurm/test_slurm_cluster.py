"""The cluster that the other tests of this folder use: it runs jobs on both nodes, and leaves nothing behind."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest
import slurm_cluster


def test_a_job_on_two_nodes_has_a_task_on_each(slurm):
    words = slurm.call("srun", "--nodes=2", "--ntasks=2", "bash", "-c", "echo $SLURMD_NODENAME $SLURM_PROCID").split()
    assert sorted(zip(words[::2], words[1::2], strict=True)) == [("127.0.0.1", "0"), ("127.0.0.2", "1")]


def test_a_cluster_started_by_hand_ends_with_its_jobs_and_its_processes(slurm):
    folder = pathlib.Path(tempfile.mkdtemp()) / "by_hand"
    command = [sys.executable, slurm_cluster.__file__, f"--folder={folder}"]
    environment = {**slurm.environment, "SLURM_CONF": str(folder / "slurm.conf")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as by_hand:
        try:
            shown = [by_hand.stdout.readline() for _ in range(4)]
            assert shown[1] == f"  export SLURM_CONF={folder}/slurm.conf\n"
            subprocess.run(["sbatch", "--output=/dev/null", "--wrap=sleep 61"], env=environment, check=True)
            slurm_cluster.until(lambda: processes(folder, b"sleep"), 30, "the job to start")
        finally:
            by_hand.terminate()
        assert by_hand.wait(60) == 0
    assert not processes(folder)
    shutil.rmtree(folder.parent)


def test_a_folder_whose_sockets_would_have_too_long_names_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"x: expected at most 60 characters, as in /tmp/slurm"):
        slurm_cluster.Cluster(tmp_path / ("x" * 60))


def processes(folder, name=b""):
    """Processes with `name` in their command line whose environment names the cluster in `folder`."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                belongs = f"SLURM_CONF={folder}/slurm.conf".encode() in file.read().split(b"\0")
            with open(f"/proc/{process}/cmdline", "rb") as file:
                if belongs and name in file.read():
                    found.append(int(process))
        except OSError:  # it ended meanwhile
            continue
    return found
