"""Launches a training on a Slurm cluster, or writes its Kubernetes manifest.

  python -m launch.cluster --config=configs/affectnet.py:static --workdir=runs/affectnet --kind=slurm --nodes=4 \\
    --devices=8 --sbatch=--partition=gpu
  python -m launch.cluster --config=configs/affectnet.py:static --workdir=/shared/runs/affectnet --kind=gpu \\
    --nodes=4 --devices=8 --image=registry/affect_jax --claim=runs --dry_run | kubectl apply -f -
  python -m launch.cluster --config=configs/affectnet.py:static --workdir=/shared/runs/affectnet --kind=tpu \\
    --devices=4 --topology=4x4 --accelerator=tpu-v5-lite-podslice --image=registry/affect_jax --claim=runs --dry_run

Each only sets the environment and runs python -m launch.train with the config, its changed options and the workdir. A
training that is stopped saves, leaves with 75, and is started again. --dry_run prints the batch script or manifest;
without it, the script is given to sbatch, and manifests are refused. Templates: launch/slurm/, launch/cluster/.
"""

import pathlib

from absl import flags
from ml_collections import config_flags

from affect_jax.experiment import cli
from launch.flags import define_config, define_sbatch, define_workdir, refuse_given, require

CONFIG = define_config()
WORKDIR = define_workdir()
KIND = flags.DEFINE_enum("kind", None, ["slurm", "gpu", "tpu"], "Slurm, or a Kubernetes JobSet for GPUs or TPUs.")
NODES = flags.DEFINE_integer("nodes", 1, "Number of machines; that of a TPU follows from --topology.", lower_bound=1)
DEVICES = flags.DEFINE_integer("devices", 1, "GPUs or TPU chips of each machine.", lower_bound=1)
SBATCH = define_sbatch()
IMAGE = flags.DEFINE_string("image", None, "Container image with affect_jax, for Kubernetes.")
CLAIM = flags.DEFINE_string("claim", None, "PersistentVolumeClaim with the workdirs, which pods have at /shared.")
ACCELERATOR = flags.DEFINE_string("accelerator", None, "Kind of TPU as GKE names it: tpu-v5-lite-podslice.")
TOPOLOGY = flags.DEFINE_string("topology", None, "Chips along each side of the TPU slice: 2x4.")
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Whether to print what would be submitted, and submit nothing.")
require("config", "workdir", "kind")


def main() -> None:
    from affect_jax.experiment.cluster.job import Job, train_arguments
    from affect_jax.experiment.cluster.launch import Extras, launch

    if KIND.value == "tpu":
        refuse_given("nodes", reason="the number of machines of a TPU slice follows from --topology and --devices")
    workdir = pathlib.Path(WORKDIR.value)
    flag = flags.FLAGS["config"]
    arguments = train_arguments(config_flags.get_config_filename(flag), config_flags.get_override_values(flag), workdir)
    job = Job(arguments, workdir, NODES.value, DEVICES.value)
    extras = Extras(tuple(SBATCH.value) or None, IMAGE.value, CLAIM.value, ACCELERATOR.value, TOPOLOGY.value)
    print(launch(KIND.value, CONFIG.value, job, extras, pathlib.Path(__file__).parent, DRY_RUN.value))


if __name__ == "__main__":
    cli.run(main)
