"""Trains the run of a run_card.json again, and compares the final metrics exactly.

  python -m launch.reproduce --card=runs/static/run_card.json --workdir=runs/static_again

The card, which launch.train writes into its workdir, holds the config; data and weights that the run starts from must
be where the config says. Differences in versions, machine, devices, data and weights are named in warnings before the
first step. Exit codes: 0 all metrics are equal, 1 they are not, 2 usage error (as for a damaged card), 75 interrupted
by SIGTERM or Ctrl-C after saving; run the same command to resume.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_path, define_workdir, require

CARD = define_path("card", "The run_card.json of a finished run.")
WORKDIR = define_workdir()
require("card", "workdir")


def main() -> bool:
    from affect_jax.experiment.reproduce import reproduce

    result = reproduce(pathlib.Path(CARD.value), pathlib.Path(WORKDIR.value))
    if result is not None:
        print(result)
    return result is not None


if __name__ == "__main__":
    cli.run(main, resumable=True)
