"""A training on a cluster of any kind: rendered, checked against its config, and submitted where that is offered."""

import dataclasses
import pathlib

from affect_jax.experiment.cluster import jobset, slurm
from affect_jax.experiment.cluster.job import Job, require_fit
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config

TEMPLATES = {"slurm": "slurm/train.sbatch", "gpu": "cluster/gpu.yaml", "tpu": "cluster/tpu.yaml"}
TAKEN = {"slurm": ("sbatch",), "gpu": ("image", "claim"), "tpu": ("image", "claim", "accelerator", "topology")}
OPTIONAL = ("sbatch",)


@dataclasses.dataclass(frozen=True)
class Extras:
    """What only some kinds ask for; see the flags of launch.cluster."""

    sbatch: tuple[str, ...] | None = None
    image: str | None = None
    claim: str | None = None
    accelerator: str | None = None
    topology: str | None = None


def render(kind: str, config: Config, job: Job, extras: Extras, folder: pathlib.Path) -> str:
    """The batch script or manifest of a job; `folder` has the templates. UsageError if something does not fit."""
    given = {name: value for name, value in vars(extras).items() if value is not None}
    if missing := [name for name in TAKEN[kind] if name not in (*given, *OPTIONAL)]:
        raise UsageError(f"--kind={kind} needs {', '.join(f'--{name}' for name in missing)}")
    if idle := [name for name in given if name not in TAKEN[kind]]:
        raise UsageError(f"--{idle[0]} has no effect with --kind={kind}")
    template = folder / TEMPLATES[kind]
    if kind == "slurm":
        require_fit(config, job, processes=job.nodes * job.devices)
        return slurm.render(job, template, extras.sbatch or ())
    labels = None
    if kind == "tpu":
        job = dataclasses.replace(job, nodes=jobset.slice_nodes(extras.topology, job.devices))
        labels = {jobset.ACCELERATOR: extras.accelerator, jobset.TOPOLOGY: extras.topology}
    require_fit(config, job, processes=job.nodes)
    return jobset.render(job, template, extras.image, extras.claim, labels)


def launch(kind: str, config: Config, job: Job, extras: Extras, folder: pathlib.Path, dry_run: bool) -> str:
    """What is to be printed: the rendered text or, where Slurm takes it, the answer of sbatch."""
    if kind != "slurm" and not dry_run:
        raise UsageError(
            "only --kind=slurm is submitted; print the manifest with --dry_run, and hand it to kubectl apply -f -"
        )
    rendered = render(kind, config, job, extras, folder)
    return rendered if dry_run else slurm.submit(rendered)
