"""Writes the data sets of a config into its store, so that training finds them ready."""

import pathlib

from absl import logging

from affect_jax.experiment import data
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, parse
from affect_jax.files.disk import require_writable


def prepare_data(config: Config) -> dict[str, int]:
    """Stores every data set that the config trains on or evaluates; returns their numbers of faces.

    What is stored already is only opened. Rows that a reader skips are listed in the store, one file for each data set.
    Raises UsageError if the config names no store, and DiskError if the store is not writable.
    """
    options = parse(config)
    if not options.data.store:
        raise UsageError("data.store is empty, so nothing would be kept; set --config.data.store=DIR")
    folder = pathlib.Path(options.data.store)
    require_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    faces = {}
    for kind, parts in (("train", options.data.train), ("evaluations", options.evaluations)):
        for name, part in parts.items():
            skipped_csv = str(folder / f"skipped_{kind}_{name}.csv")
            source = data.open_source(part, options.label_set, options.data.store, skipped_csv)
            faces[f"{kind}.{name}"] = len(source.examples)
            logging.info("%s.%s: %d faces in %s", kind, name, len(source.examples), folder)
    return faces
