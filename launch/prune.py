"""Removes components of CP kernels that contribute little, and writes the smaller network.

  python -m launch.prune --from=runs/sparse --workdir=runs/pruned --threshold=0.01

For static networks and those of clips; training with --config.optimizer.sparsity above 0 drives components towards
zero. How many components each layer keeps, parameters, arithmetic and the largest differences of outputs, on noise and
on a rendered person, are printed and written to pruning.json. At --threshold=0 only components of size zero go: if then
any output moves by more than 1e-5, nothing is written and the exit code is 1.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

FROM = flags.DEFINE_string("from", None, "Workdir of the trained network with factorized kernels of form cp.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the smaller network.")
THRESHOLD = flags.DEFINE_float(
    "threshold", 0.01, "Size up to which a component goes, relative to the largest of its layer.", 0.0, 1.0
)
flags.mark_flags_as_required(["from", "workdir"])


def main() -> None:
    from affect_jax.experiment.derive.prune import prune_run

    prune_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), THRESHOLD.value)


if __name__ == "__main__":
    cli.run(main)
