"""Manifests for Kubernetes (JobSet), filled in from a template."""

import math
import pathlib
import re
from typing import Any

import yaml

from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.config.errors import UsageError

SHARED = pathlib.PurePosixPath("/shared")  # where the pods have the volume with the workdirs
PORT = 12345  # at which process 0 can be reached
TOPOLOGY = "cloud.google.com/gke-tpu-topology"
ACCELERATOR = "cloud.google.com/gke-tpu-accelerator"
# Process 0 has no name until its pod has an address; the others would leave, as for a wrong name.
WAIT = 'until getent hosts "$0"; do sleep 1; done'


def render(job: Job, template: pathlib.Path, image: str, claim: str, slice_of: dict[str, str] | None = None) -> str:
    """The manifest of a job, as YAML; UsageError if the pods would not see its workdir.

    Args:
        job: what is trained.
        template: a JobSet.
        image: container image with affect_jax.
        claim: name of the PersistentVolumeClaim that is mounted at /shared.
        slice_of: labels of the nodes (GKE) that have the wanted TPU slice.
    """
    if not job.workdir.is_relative_to(SHARED):
        raise UsageError(
            f"--workdir={job.workdir} is not in {SHARED}, where the pods have the volume of --claim={claim}"
        )
    manifest = yaml.safe_load(template.read_text(encoding="utf-8"))
    manifest["metadata"]["name"] = job.name
    (replicated,) = manifest["spec"]["replicatedJobs"]
    work = replicated["template"]["spec"]
    work["parallelism"] = work["completions"] = job.nodes
    pod = work["template"]["spec"]
    if slice_of:
        pod["nodeSelector"] = slice_of
    (container,) = pod["containers"]
    container["image"] = image
    limits = container["resources"]["limits"]
    container["resources"]["limits"] = dict.fromkeys(limits, job.devices)
    container["args"] = [argument.replace("$(", "$$(") for argument in job.arguments]  # $(NAME) is a variable there
    if job.nodes > 1:
        host = f"{job.name}-{replicated['name']}-0-0.{job.name}"
        container["args"] += [f"--coordinator={host}:{PORT}", f"--processes={job.nodes}", "--process=$(PROCESS)"]
        pod["initContainers"] = [{"name": "wait", "image": image, "command": ["sh", "-c", WAIT, host]}]
    _fill_claim(pod["volumes"], claim)
    return yaml.safe_dump(manifest, sort_keys=False, width=120)


def _fill_claim(volumes: list[dict[str, Any]], claim: str) -> None:
    for volume in volumes:
        if "persistentVolumeClaim" in volume:
            volume["persistentVolumeClaim"]["claimName"] = claim


def slice_nodes(topology: str, devices: int) -> int:
    """The number of machines of a TPU slice such as 2x4 with so many chips a machine; UsageError if none fits."""
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", topology):
        raise UsageError(f"--topology={topology}: expected the chips along each side of a slice, such as 2x4 or 2x2x4")
    chips = math.prod(map(int, topology.split("x")))
    if chips % devices:
        raise UsageError(
            f"--topology={topology} has {chips} chips, which machines of {devices} (--devices) cannot share"
        )
    return chips // devices
