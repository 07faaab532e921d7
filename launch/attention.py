"""Shows where a network looks: faces with their landmarks and the attention mask.

  python -m launch.attention --workdir=runs/landmarks --data=affectnet --data_root=DIR --output=attention.png

Works for a landmark network and for a static one. Writes the picture and, with the same name, a JSON file with the
error of the landmarks (NME) and the share of the mask inside the convex hull of the labeled ones, over all faces.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the trained run.")
DATA = flags.DEFINE_string("data", None, "Name of a reader, such as affectnet or rendered.")
DATA_ROOT = flags.DEFINE_string("data_root", "", "Folder of the data set; the run's own if not given.")
SPLIT = flags.DEFINE_string("split", "validation", "Part of the data set.")
SETTINGS = flags.DEFINE_multi_string("set", [], "Further option of the reader, as name=value; may be repeated.")
OUTPUT = flags.DEFINE_string("output", None, "PNG file to write.")
COUNT = flags.DEFINE_integer("count", 16, "Faces shown, spread evenly over the data set.", lower_bound=1)
flags.mark_flags_as_required(["workdir", "data", "output"])


def main() -> None:
    from affect_jax.experiment.attention import attention, sentence

    workdir, output = pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value)
    found = attention(workdir, DATA.value, DATA_ROOT.value, SPLIT.value, SETTINGS.value, output, COUNT.value)
    print(sentence(found))


if __name__ == "__main__":
    cli.run(main)
