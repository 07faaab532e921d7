"""A real Slurm on one machine: two nodes of two processors and two pretended GPUs, and a partition that preempts.

  python tests/slurm/slurm_cluster.py --folder=/tmp/slurm

starts one by hand and prints how to use it from another terminal; Ctrl-C ends it. Debian's packages slurm-wlm and munge
are enough: nothing under /etc is read, and no right of root is needed.
"""

import argparse
import contextlib
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel", "setpriv")
INSTALL = "apt-get install --no-install-recommends slurm-wlm munge"
NODES = ("127.0.0.1", "127.0.0.2")  # by these names srun and JAX reach them; Linux answers on all of 127.*
LONGEST_FOLDER = 60  # characters: sockets below it have names of up to 44, and Linux takes 107
START_SECONDS = 30.0
END_SECONDS = 10.0
# A requeued job waits for old credentials: two minutes, were they not to expire after five seconds.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1
SlurmctldParameters=preempt_send_user_signal
SlurmdParameters=config_overrides
SlurmdTimeout=30
KillWait=20
FirstJobId={first_job}
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
{nodes}
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=60
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF
"""


def missing_programs() -> list[str]:
    """The programs that a cluster needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"  # where Debian has the daemons


class Cluster:
    """A cluster whose files are all in `folder`; `environment` is that of the commands that talk to it."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder.absolute()
        if len(str(self.folder)) > LONGEST_FOLDER:
            raise ValueError(f"{self.folder}: expected at most {LONGEST_FOLDER} characters, as in /tmp/slurm")
        self.environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(self.folder / "slurm.conf")}
        self._daemons: list[subprocess.Popen] = []

    def __enter__(self) -> "Cluster":
        try:
            self._write_files()
            self._start_daemons()
        except BaseException:
            self._end_daemons()
            raise
        return self

    def __exit__(self, *_) -> None:
        try:
            self._end_jobs()
        finally:
            self._end_daemons()

    def call(self, *command: str | os.PathLike) -> str:
        """The output of a Slurm command; RuntimeError with its message if it fails."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or f'exit {done.returncode}'}")
        return done.stdout

    def submit(self, *words: str | os.PathLike) -> int:
        """The id of the job that `sbatch` makes of these words."""
        return int(self.call("sbatch", "--parsable", *words))

    def job(self, job: int | str) -> dict[str, str]:
        """What Slurm knows of a job, or of a task of an array ("7_0"): JobState, Restarts, ExitCode and so on."""
        words = self.call("scontrol", "--oneliner", "show", "job", str(job)).split()
        return dict(word.partition("=")[::2] for word in words)

    def wait(self, job: int | str, *states: str, seconds: float = 120.0) -> dict[str, str]:
        """Waits until a job is in one of `states`, and returns what Slurm knows of it; TimeoutError after that time."""
        until(lambda: self.job(job)["JobState"] in states, seconds, f"job {job} to be {' or '.join(states)}", self._log)
        return self.job(job)

    def _write_files(self) -> None:
        for name in ("state", "spool", "run"):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        ports = _free_ports(1 + len(NODES))
        host = socket.gethostname().partition(".")[0]
        lines = [
            f"NodeName={name} NodeHostname={host} NodeAddr={name} Port={port} CPUs=2 RealMemory=4000 Gres=gpu:2"
            for name, port in zip(NODES, ports[1:], strict=True)
        ]
        values = {
            "host": host,
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "folder": self.folder,
            "controller_port": ports[0],
            "first_job": secrets.randbelow(50_000) + 1,  # JAX makes its port out of the job's id
            "nodes": "\n".join(lines),
        }
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(**values))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=autodetect\n")
        # A GPU is a device file; Slurm never opens it.
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")

    def _start_daemons(self) -> None:
        own = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munge.pid",
            "seed-file": "munge.seed",
        }
        # Forced, because a folder that others cannot enter is refused, for their sake.
        self._start(
            "munged", "--foreground", "--force", *(f"--{option}={self.folder / name}" for option, name in own.items())
        )
        until(self._listens, START_SECONDS, "munged to start", self._log)
        configuration = self.environment["SLURM_CONF"]
        self._start("slurmctld", "-D", "-f", configuration)
        for name in NODES:
            self._start("slurmd", "-D", "-N", name, "-f", configuration)
        until(self._is_idle, START_SECONDS, "all nodes to be idle", self._log)

    def _start(self, *command: str) -> None:
        """Starts a daemon that ends at the latest with this process, even if that is killed."""
        with (self.folder / f"{command[0]}.{len(self._daemons)}.output").open("w") as output:
            daemon = subprocess.Popen(
                ("setpriv", "--pdeathsig=KILL", *command),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this process, which ends its daemons in order
            )
        self._daemons.append(daemon)

    def _require_daemons(self) -> None:
        for daemon in self._daemons:
            if daemon.poll() is not None:
                raise RuntimeError(f"{' '.join(daemon.args)} left with {daemon.returncode}\n{self._log()}")

    def _listens(self) -> bool:
        self._require_daemons()
        return (self.folder / "munge.socket").exists()

    def _is_idle(self) -> bool:
        self._require_daemons()
        try:
            states = self.call("sinfo", "--noheader", "--Node", "--partition=low", "--format=%T").split()
        except RuntimeError:
            return False  # slurmctld does not listen yet
        return states == ["idle"] * len(NODES)

    def _end_jobs(self) -> None:
        """Ends all jobs: their processes are no children of the daemons, and would outlive them."""
        jobs = lambda: self.call("squeue", "--noheader", "--format=%A").split()
        with contextlib.suppress(RuntimeError, TimeoutError):
            if waiting := jobs():
                subprocess.run(("scancel", "--full", "--signal=KILL", *waiting), env=self.environment, check=False)
                subprocess.run(("scancel", *waiting), env=self.environment, check=False)
                until(lambda: not jobs(), 3 * END_SECONDS, "all jobs to end", self._log)

    def _end_daemons(self) -> None:
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _log(self) -> str:
        """The last lines of all logs, for messages."""
        files = sorted(self.folder.glob("*.output"))
        tails = [f"{file.name}:\n" + "\n".join(file.read_text().splitlines()[-10:]) for file in files]
        return "\n".join(tails)


def until(holds: Callable[[], bool], seconds: float, what: str, describe: Callable[[], str] = str) -> None:
    """Waits until something holds; TimeoutError, with a description of the present state, if that takes too long."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}\n{describe()}")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def main() -> int:
    """Starts a cluster by hand, and ends it on Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="Folder of the cluster; must not exist.")
    folder = parser.parse_args().folder.absolute()
    if absent := missing_programs():
        sys.stderr.write(f"error: {', '.join(absent)} not found; {INSTALL}\n")
        return 1
    if folder.exists():
        sys.stderr.write(f"error: {folder} exists; give a folder that does not, which the cluster makes\n")
        return 2
    try:
        cluster = Cluster(folder)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    folder.mkdir(parents=True, mode=0o700)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), cluster:
        print(
            f"Two nodes are up; in another terminal:\n  export SLURM_CONF={cluster.environment['SLURM_CONF']}\n  sinfo"
        )
        print("Ctrl-C ends the cluster and its jobs.", flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
