"""Checks again that an inflated network gives the output of its source network on every frame.

  python -m launch.certify --workdir=runs/inflated

Prints the largest difference at any layer or output, for each clip and type of numbers; exit code 1 if one is above
what is allowed. A network that was trained since is compared all the same, and differs.
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli

WORKDIR = flags.DEFINE_string("workdir", None, "Folder that launch.inflate wrote.")
flags.mark_flags_as_required(["workdir"])


def main() -> None:
    from affect_jax.experiment.derive.inflate import certify
    from affect_jax.models.certificate import require_exact, sentences

    found = certify(pathlib.Path(WORKDIR.value))
    for line in sentences(found):
        print(line)
    require_exact(found)
    print(f"every frame as {found['from']} (step {found['from_step']}) says")


if __name__ == "__main__":
    cli.run(main)
