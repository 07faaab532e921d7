"""Fine-tunes a whole network on each new person, to compare it with adapting stored features.

  python -m launch.fine_tune_whole --workdir=runs/static --sources=SOURCES --targets=TARGETS --data=rendered \
    --split=test --set=kind=clips --shares=0.05 --output=whole_network.csv

SOURCES and TARGETS are folders of launch.features, as for launch.compare_adaptation, whose frames and scores are used;
--data, --split and --set are those with which the targets' features were stored. Needs the images, and a training for
each person, protocol and share. With --iterations it is adaptive learning instead: from the neutral segment alone, with
plain gradient descent, scored after each of these numbers. Writes a table with a row for each person and setting.
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
ITERATIONS = flags.DEFINE_list("iterations", [], "Numbers of iterations toward a neutral face, such as 1,10,100.")
RATE = flags.DEFINE_float("learning_rate", 1e-4, "Learning rate of --iterations.")
TRAINED = flags.DEFINE_string("trained", ".*", "Regular expression for paths of the parameters that learn.")
NEUTRAL = flags.DEFINE_float(
    "neutral_seconds", 3.0, "Seconds at the beginning of each recording in which people look neutral.", lower_bound=0
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the frames that are drawn, as in launch.compare_adaptation.")
OUTPUT = shared.define_path("output", "The table (CSV).")
shared.require("workdir", "sources", "targets", "data", "output")


def main() -> None:
    from affect_jax.experiment.study.whole_network_flags import read_protocols, read_tuning
    from affect_jax.experiment.study.whole_network_scores import score_whole_network

    if ITERATIONS.value:
        shared.refuse_given("protocols", "shares", reason="--iterations learns from the neutral segment alone")
    else:
        shared.refuse_given("learning_rate", reason="it is that of --iterations")
    protocols = read_protocols(PROTOCOLS.value, SHARES.value, ITERATIONS.value)
    tuning = read_tuning(ITERATIONS.value, RATE.value, TRAINED.value)
    data = DATA.value, DATA_ROOT.value or "", SPLIT.value, SETTINGS.value
    folders = (pathlib.Path(folder) for folder in (WORKDIR.value, SOURCES.value, TARGETS.value))
    output = pathlib.Path(OUTPUT.value)
    rows = score_whole_network(*folders, data, protocols, output, NEUTRAL.value, SEED.value, tuning)
    print(f"{len(rows)} rows in {OUTPUT.value}")


if __name__ == "__main__":
    cli.run(main)
