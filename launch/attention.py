"""Shows where a network looks: faces with their landmarks and the attention mask.

  python -m launch.attention --workdir=runs/landmarks --data=affectnet --data_root=DIR --output=attention.png

Works with landmark networks and static networks. Next to the image, it writes a JSON file of the same name with the
landmark error (NME) and the share of the mask inside the convex hull of the labeled landmarks, over all faces.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_data, define_path, define_workdir, require

WORKDIR = define_workdir()
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="validation")
OUTPUT = define_path("output", "PNG file to write.")
COUNT = flags.DEFINE_integer("count", 16, "Number of faces to show, spread evenly over the data set.", lower_bound=1)
require("workdir", "data", "output")


def main() -> None:
    from affect_jax.experiment.attention import attention, describe

    workdir = pathlib.Path(WORKDIR.value)
    output = pathlib.Path(OUTPUT.value)
    found = attention(workdir, DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value, output, COUNT.value)
    print(describe(found))


if __name__ == "__main__":
    cli.run(main)
