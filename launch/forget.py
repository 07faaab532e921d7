"""Forgets a person: removes the adapter, the baseline and all else that a folder holds of them.

  python -m launch.forget --persons=persons --subject=anna

The network and the files of other persons are never changed by a person: afterwards, they and their predictions are
those of a folder in which the person never was, bit for bit. Tables that were predicted before stay, and so do stored
features, labels and copies elsewhere: remove them yourself.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import require
from launch.person_flags import define_persons_folder, define_subject

PERSONS = define_persons_folder()
SUBJECT = define_subject()
require("persons", "subject")


def main() -> None:
    from affect_jax.experiment.forget import forget

    forget(pathlib.Path(PERSONS.value), SUBJECT.value)


if __name__ == "__main__":
    cli.run(main)
