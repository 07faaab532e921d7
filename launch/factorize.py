"""Decomposes the dense 3x3 convolutions of a trained head into CP, Tucker or tensor-train factors.

  python -m launch.factorize --from=runs/dense --workdir=runs/cp --form=cp --rank=32
  python -m launch.factorize --from=runs/dense --workdir=runs/tucker --form=tucker --fraction=0.25
  python -m launch.factorize --from=runs/dense --workdir=runs/tt --form=tt --energy=0.95

The source is a static network with dense kernels in its head. One of --rank, --fraction and --energy sets the size of
the factorized layers. Prints and writes to factors.json the relative error and kept energy of each layer, the number of
parameters, the arithmetic, and the largest differences of the outputs. Training with initialize.rule=copy from the new
workdir recovers what was lost. Needs the extra "affect_jax[decompose]" (TensorLy).
"""

import os
import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_source_workdir

# Products of matrices with few rows are faster on one thread. NumPy reads the variable once, when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
FROM = define_source_workdir()
WORKDIR = define_new_workdir()
FORM = flags.DEFINE_enum("form", "cp", ["cp", "tucker", "tt"], "Form of the kernels; tt is the tensor train.")
RANK = flags.DEFINE_integer("rank", None, "Rank of every layer.", lower_bound=1)
FRACTION = flags.DEFINE_float("fraction", None, "Largest share of each dense kernel's parameters to use.", 0.0, 1.0)
ENERGY = flags.DEFINE_float("energy", None, "Least share of each dense kernel's sum of squares to keep.", 0.0, 1.0)
STARTS = flags.DEFINE_integer("starts", 3, "Random starts of a CP decomposition; the best one is kept.", lower_bound=1)
ITERATIONS = flags.DEFINE_integer("iterations", 200, "Iterations of alternating least squares.", lower_bound=1)
flags.mark_flags_as_required(["from", "workdir"])
flags.mark_flags_as_mutual_exclusive(["rank", "fraction", "energy"], required=True)


def main() -> None:
    from affect_jax.experiment.derive.factorize import Wanted, factorize_run

    sizes = {"rank": RANK.value, "fraction": FRACTION.value, "energy": ENERGY.value}
    wanted = Wanted(form=FORM.value, **sizes, starts=STARTS.value, iterations=ITERATIONS.value)
    factorize_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), wanted)


if __name__ == "__main__":
    cli.run(main)
