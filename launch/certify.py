"""Checks again that an inflated network reproduces the outputs of its source network on every frame.

  python -m launch.certify --workdir=runs/inflated

Prints the largest difference at any layer or output, for each test clip and precision; the exit code is 1 if one
exceeds its tolerance, as is expected once the network has been trained after its inflation.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_workdir, require

WORKDIR = define_workdir()
require("workdir")


def main() -> None:
    from affect_jax.experiment.derive.inflate import certify
    from affect_jax.models.certificate import describe, require_exact

    found = certify(pathlib.Path(WORKDIR.value))
    for line in describe(found):
        print(line)
    require_exact(found)
    print(f"same outputs on every frame as {found['from']} (step {found['from_step']})")


if __name__ == "__main__":
    cli.run(main)
