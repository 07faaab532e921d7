"""Writes the data sets of a config into its store, so that training finds them ready."""

import pathlib

from absl import logging

from affect_jax.data import store
from affect_jax.data.store_report import REPORT_FILE, verify
from affect_jax.experiment import data
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, parse
from affect_jax.experiment.config.stored import check_stored
from affect_jax.files.disk import require_writable


def prepare_data(config: Config) -> dict[str, int]:
    """Stores every data set that the config trains on or evaluates; returns their numbers of faces.

    What is stored already is compared with its checksums; what a killed process left is continued. Rows that a reader
    skips are listed in the store, one file for each data set. Raises UsageError if the config names no store or stored
    data are damaged, and DiskError if the store is not writable.
    """
    options = parse(config)
    if not options.data.store:
        raise UsageError("data.store is empty, so nothing would be kept; set --config.data.store=DIR")
    check_stored(options)
    folder, storage = pathlib.Path(options.data.store), data.Storage.of(options)
    require_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    faces = {}
    for kind, parts in (("train", options.data.train), ("evaluations", options.evaluations)):
        for name, part in parts.items():
            skipped_csv = str(folder / f"skipped_{kind}_{name}.csv")
            source = data.open_source(part, options.label_set, storage, skipped_csv)
            place = storage.place(part)
            _verify(place)
            faces[f"{kind}.{name}"] = len(source.examples)
            logging.info("%s.%s: %d faces, described in %s", kind, name, len(source.examples), place / REPORT_FILE)
    return faces


def _verify(place: pathlib.Path) -> None:
    try:
        verify(place, len(store.read(place).examples))
    except FileNotFoundError:
        logging.info("%s has no checksums: it was written by an earlier version; remove it to have them", place)
    except ValueError as error:
        raise UsageError(str(error)) from error
