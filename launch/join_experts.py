"""Joins a trained network of images and the experts that were trained on its features.

  python -m launch.join_experts --from=runs/personal/static --experts=runs/personal/joint --workdir=runs/personal/joined

The new network takes images as that of --from does, and its valence and arousal come from the experts of --experts; all
its other outputs stay the same. Compares it with the two on noise, on a rendered subject and on the stored features
that the experts learned from, and writes the largest differences to joining.json. If it does not give the same outputs,
nothing is written and the exit code is 1. To train it further, use initialize.rule=copy from the new workdir.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_new_workdir, define_path, define_source_workdir, require

FROM = define_source_workdir()
EXPERTS = define_path("experts", "Workdir of experts that were trained on the features of --from.", folder=True)
WORKDIR = define_new_workdir()
require("from", "experts", "workdir")


def main() -> None:
    from affect_jax.experiment.derive.join import join_experts

    join_experts(pathlib.Path(FROM.value), pathlib.Path(EXPERTS.value), pathlib.Path(WORKDIR.value))


if __name__ == "__main__":
    cli.run(main)
