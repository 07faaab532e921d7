"""Removes components of CP kernels that contribute little, and writes the smaller network.

  python -m launch.prune --from=runs/sparse --workdir=runs/pruned --threshold=0.01

For static and clip networks with CP kernels. Training with --config.optimizer.sparsity above 0 drives components
toward zero. Prints, and writes to pruning.json, how many components each layer keeps, the number of parameters and
FLOPs, and the largest differences of the outputs on noise and on a rendered subject. With --threshold=0, only
components of size zero are removed; if an output then changes by more than 1e-5, nothing is written and the exit code
is 1.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_source_workdir, require

FROM = define_source_workdir()
WORKDIR = define_new_workdir()
THRESHOLD = flags.DEFINE_float(
    "threshold", 0.01, "Remove components up to this size, relative to the largest in their layer.", 0.0, 1.0
)
require("from", "workdir")


def main() -> None:
    from affect_jax.experiment.derive.prune import prune_run

    prune_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), THRESHOLD.value)


if __name__ == "__main__":
    cli.run(main)
