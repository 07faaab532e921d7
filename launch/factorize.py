"""Decomposes the dense 3x3 convolutions of a trained head into CP, Tucker or tensor-train factors.

  python -m launch.factorize --from=runs/dense --workdir=runs/cp --form=cp --rank=32
  python -m launch.factorize --from=runs/dense --workdir=runs/tucker --form=tucker --fraction=0.25
  python -m launch.factorize --from=runs/dense --workdir=runs/tt --form=tt --energy=0.95

One of --rank (of every layer), --fraction (of each dense kernel's parameters, at most) and --energy (of each dense
kernel's sum of squares, at least) says how large the layers become. The relative error and kept energy of each layer,
parameters, arithmetic and the largest differences of outputs are printed and written to factors.json. What was lost is
learned back by training on with initialize.rule=copy from the new folder. Needs the extra:
pip install "affect_jax[decompose]".
"""

import os
import pathlib

from absl import flags

from affect_jax.experiment import cli

# Its products are of matrices with few rows, over which several threads only wait for each other. Read by NumPy once.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
FROM = flags.DEFINE_string("from", None, "Workdir of the trained static network, with model.head.rank 0.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder for the new network.")
FORM = flags.DEFINE_enum("form", "cp", ["cp", "tucker", "tt"], "Form of the kernels; tt is a tensor train.")
RANK = flags.DEFINE_integer("rank", None, "Rank of every layer.", lower_bound=1)
FRACTION = flags.DEFINE_float("fraction", None, "Of a dense kernel's parameters.", lower_bound=0.0, upper_bound=1.0)
ENERGY = flags.DEFINE_float("energy", None, "Of a dense kernel's sum of squares.", lower_bound=0.0, upper_bound=1.0)
STARTS = flags.DEFINE_integer("starts", 3, "Starts of a cp decomposition, of which the best counts.", lower_bound=1)
ITERATIONS = flags.DEFINE_integer("iterations", 200, "Of alternating least squares: cp, tucker.", lower_bound=1)
flags.mark_flags_as_required(["from", "workdir"])
flags.mark_flags_as_mutual_exclusive(["rank", "fraction", "energy"], required=True)


def main() -> None:
    from affect_jax.experiment.derive.factorize import Wanted, factorize_run

    sizes = {"rank": RANK.value, "fraction": FRACTION.value, "energy": ENERGY.value}
    wanted = Wanted(form=FORM.value, **sizes, starts=STARTS.value, iterations=ITERATIONS.value)
    factorize_run(pathlib.Path(FROM.value), pathlib.Path(WORKDIR.value), wanted)


if __name__ == "__main__":
    cli.run(main)
