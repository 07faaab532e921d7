"""What is launched on a cluster, whatever the cluster: the arguments of launch.train, and the machines it runs on."""

import dataclasses
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, parse
from affect_jax.train.mesh_config import axis_sizes

LONGEST_NAME = 40  # Kubernetes appends to it, and takes 63 characters in all


@dataclasses.dataclass(frozen=True)
class Job:
    """A training on several machines.

    Attributes:
        arguments: those of launch.train.
        workdir: the folder of the run.
        nodes: number of machines.
        devices: number of GPUs or TPU chips of each machine.
    """

    arguments: tuple[str, ...]
    workdir: pathlib.Path
    nodes: int
    devices: int

    @property
    def name(self) -> str:
        """The name of the workdir in lower-case letters, digits and hyphens, as Kubernetes wants it."""
        plain = re.sub("[^a-z0-9]+", "-", self.workdir.name.lower())[:LONGEST_NAME].strip("-")
        return plain if plain[:1].isalpha() else f"run-{plain}".strip("-")


def train_arguments(config_file: str, overrides: Mapping[str, Any], workdir: pathlib.Path) -> tuple[str, ...]:
    """The arguments with which launch.train reads the same config."""
    as_text = lambda value: value if isinstance(value, str) else repr(value)
    options = [f"--config.{name}={as_text(value)}" for name, value in overrides.items()]
    return (f"--config={config_file}", *options, f"--workdir={workdir}")


def require_fit(config: Config, job: Job, processes: int) -> None:
    """Raises UsageError if the config does not fit the machines, before it waits in a queue for them."""
    options = parse(config)
    devices = job.nodes * job.devices
    try:
        axis_sizes(options.mesh, devices)
    except ValueError as error:
        raise UsageError(f"{job.nodes} x {job.devices} devices: {error}") from error
    if options.batch_size % processes:
        raise UsageError(
            f"batch_size is {options.batch_size}; expected a multiple of {processes}, the number of processes"
        )
