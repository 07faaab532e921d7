"""Where a process stands among those that train together: by its flags, or by Slurm's variables."""

import re
import socket
from collections.abc import Mapping
from typing import NamedTuple

from affect_jax.experiment.config.errors import UsageError

# The variables that JAX looks for; srun sets all of them.
SLURM = ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_LOCALID")
FIRST_NODE = re.compile(r"([^,\[]+)(?:\[(\d+))?")


class Place(NamedTuple):
    """Where a process stands among the processes of a run."""

    coordinator: str  # HOST:PORT of process 0; the host alone if JAX is to find the rest in Slurm's variables
    processes: int
    process: int


def find_place(
    coordinator: str | None, processes: int | None, process: int | None, environment: Mapping[str, str]
) -> Place | None:
    """The place that flags or Slurm's variables give; None for a single process, UsageError if it makes no sense.

    A batch script or an allocation without a step has only some of the variables: whatever runs there is one process.
    """
    if processes == 1 and coordinator is None and not process:
        return None
    given = {"--coordinator": coordinator, "--processes": processes, "--process": process}
    if missing := [name for name, value in given.items() if value is None]:
        if len(missing) < len(given):
            raise UsageError(
                f"{' and '.join(missing)} missing: several processes need --coordinator=HOST:PORT, --processes=N and "
                "--process=I"
            )
        return _from_slurm(environment)
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UsageError(f"--coordinator={coordinator}: expected HOST:PORT of process 0, such as node1:12345")
    if not 0 <= process < processes:
        raise UsageError(f"--process={process} of --processes={processes}: expected a number from 0 to {processes - 1}")
    _require_known(host.strip("[]"), f"--coordinator={coordinator}")
    return Place(coordinator, processes, process)


def _from_slurm(environment: Mapping[str, str]) -> Place | None:
    if any(name not in environment for name in SLURM) or int(environment["SLURM_NTASKS"]) < 2:
        return None
    nodes = environment["SLURM_STEP_NODELIST"]
    host = "".join(part for part in FIRST_NODE.match(nodes).groups() if part)
    _require_known(host, f"SLURM_STEP_NODELIST={nodes}")
    return Place(host, int(environment["SLURM_NTASKS"]), int(environment["SLURM_PROCID"]))


def _require_known(host: str, source: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        raise UsageError(
            f"{source}: the name of host '{host}' cannot be resolved here ({error.strerror}); give an address that all "
            "processes reach with --coordinator=ADDRESS:PORT --processes=N --process=I"
        ) from error
