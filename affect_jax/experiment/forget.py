"""Forgets a person: removes all that a folder of persons holds of them."""

import pathlib

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.personal.folder import files_of, names_in


def forget(folder: pathlib.Path, name: str) -> list[pathlib.Path]:
    """Removes the files of a person and returns their paths; UsageError if there are none.

    Nothing else was ever changed for the person: the network and the files of others are what they were before.
    """
    if not folder.is_dir():
        raise UsageError(f"--persons={folder} is no folder; give the one with the adapters")
    files = files_of(folder, name)
    if not files:
        known = ", ".join(names_in(folder)) or "nobody"
        raise UsageError(f"{folder} holds nothing of {name}; it has adapters of {known}")
    for path in files:
        path.unlink()
        logging.info("removed %s", path)
    logging.info(
        "%s is forgotten in %s; tables and plots that were predicted before, and copies elsewhere, stay", name, folder
    )
    return files
