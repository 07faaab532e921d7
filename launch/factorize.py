"""Decomposes the dense 3x3 convolutions of a trained head into CP, Tucker or tensor-train factors.

  python -m launch.factorize --from=runs/dense --workdir=runs/cp --form=cp --rank=32
  python -m launch.factorize --from=runs/dense --workdir=runs/tucker --form=tucker --fraction=0.25
  python -m launch.factorize --from=runs/dense --workdir=runs/tt --form=tt --energy=0.95

The source is a static network with dense kernels in its head. Exactly one of --rank, --fraction and --energy determines
the size of the factorized layers. Prints, and writes to factors.json, the relative error and retained energy of each
layer, the number of parameters and FLOPs, and the largest differences of the outputs. To recover the lost accuracy,
train with initialize.rule=copy from the new workdir. Needs the extra "affect_jax[decompose]" (TensorLy).
"""

import os
import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_source_workdir, require, require_one

# Products of matrices with few rows are faster on one thread. NumPy reads this variable once, on import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
FROM = define_source_workdir()
WORKDIR = define_new_workdir()
FORM = flags.DEFINE_enum("form", "cp", ["cp", "tucker", "tt"], "Form of the kernels; tt is tensor train.")
RANK = flags.DEFINE_integer("rank", None, "Rank of every layer.", lower_bound=1)
FRACTION = flags.DEFINE_float("fraction", None, "Maximum share of each dense kernel's parameters to use.", 0.0, 1.0)
ENERGY = flags.DEFINE_float("energy", None, "Minimum share of each dense kernel's sum of squares to keep.", 0.0, 1.0)
STARTS = flags.DEFINE_integer("starts", 3, "Random restarts of a CP decomposition; the best is kept.", lower_bound=1)
ITERATIONS = flags.DEFINE_integer("iterations", 200, "Iterations of alternating least squares.", lower_bound=1)
require("from", "workdir")
require_one("rank", "fraction", "energy")


def main() -> None:
    from affect_jax.experiment.derive.factorize import FactorizationConfig, factorize_run

    sizes = {"rank": RANK.value, "fraction": FRACTION.value, "energy": ENERGY.value}
    settings = FactorizationConfig(form=FORM.value, **sizes, starts=STARTS.value, iterations=ITERATIONS.value)
    factorize_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), settings)


if __name__ == "__main__":
    cli.run(main)
