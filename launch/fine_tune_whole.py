"""Fine-tunes a whole network on each new person, to compare it with adapting stored features.

  python -m launch.fine_tune_whole --workdir=runs/static --sources=SOURCES --targets=TARGETS --data=rendered \
    --split=test --set=kind=clips --shares=0.05 --output=whole_network.csv

SOURCES and TARGETS are folders of launch.features, as for launch.compare_adaptation, whose frames and scores are used;
--data, --split and --set are those with which the targets' features were stored. Needs the images, and a training for
each person, protocol and share. Writes a table with a row for each person and setting.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch import flags as shared

WORKDIR = shared.define_workdir()
SOURCES = shared.define_path("sources", "Stored features of the source people.", folder=True)
TARGETS = shared.define_path("targets", "Stored features of the target people.", folder=True)
DATA, DATA_ROOT, SPLIT, SETTINGS = shared.define_data(split="test")
PROTOCOLS = flags.DEFINE_list("protocols", ["block", "random"], "Where the labeled frames lie.")
SHARES = flags.DEFINE_list("shares", ["0.05"], "Fractions of a person's frames that are given.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the frames that are drawn, as in launch.compare_adaptation.")
OUTPUT = shared.define_path("output", "The table (CSV).")
shared.require("workdir", "sources", "targets", "data", "output")


def main() -> None:
    from affect_jax.experiment.config.errors import UsageError
    from affect_jax.experiment.study.whole_network import score_whole_network
    from affect_jax.personal.protocol import Protocol

    try:
        protocols = [Protocol(kind, float(share)) for kind in PROTOCOLS.value for share in SHARES.value]
    except ValueError as error:
        raise UsageError(f"--protocols, --shares: {error}") from error
    if not all(protocol.has_labels and protocol.share for protocol in protocols):
        raise UsageError("--protocols, --shares: expected block or random, and fractions above 0: labels are needed")
    data = DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value
    folders = (pathlib.Path(folder) for folder in (WORKDIR.value, SOURCES.value, TARGETS.value))
    rows = score_whole_network(*folders, data, protocols, pathlib.Path(OUTPUT.value), seed=SEED.value)
    print(f"{len(rows)} rows in {OUTPUT.value}")


if __name__ == "__main__":
    cli.run(main)
