"""Converts other programs' lists of images into lists for our readers."""

import csv
import pathlib

from absl import logging

from affect_jax.data.readers.emonet_lists import LIST_COLUMNS, list_rows
from affect_jax.data.skipped import SkippedRows
from affect_jax.experiment.config.errors import UsageError
from affect_jax.files.atomic import open_atomically
from affect_jax.files.pickles.load import NUMPY_BUILDERS, load


def import_pickled_list(pickle: pathlib.Path, output: pathlib.Path, max_skipped_fraction: float) -> int:
    """Writes one of EmoNet's pickled lists as a CSV list; returns the number of images in it.

    Nothing in the pickle is executed. Unusable images are listed in `<output>_skipped.csv`. UsageError for a pickle
    that is refused; ValueError, and no list, if more than `max_skipped_fraction` of the images are unusable.
    """
    if not pickle.is_file():
        raise UsageError(f"--pickle={pickle} is not a file; expected one of EmoNet's lists, such as test_fullpath.pkl")
    if output.suffix != ".csv":
        raise UsageError(f"--output={output}: expected the name of a CSV list, such as {output.with_suffix('.csv')}")
    if output.exists():
        raise UsageError(f"--output={output} exists; choose another name, or remove it first")
    skipped_csv = output.with_name(f"{output.stem}_skipped.csv")
    skipped = SkippedRows(str(pickle), max_skipped_fraction, str(skipped_csv))
    try:
        with open(pickle, "rb") as file:
            entries = load(file, str(pickle), NUMPY_BUILDERS)
        rows = list_rows(entries, skipped)
    except ValueError as error:
        raise UsageError(str(error)) from error
    skipped.finish(len(rows) + len(skipped.faults))
    if not rows:
        raise UsageError(f"{pickle} names no image; is it one of EmoNet's lists, such as test_fullpath.pkl?")
    output.parent.mkdir(parents=True, exist_ok=True)
    with open_atomically(output) as file:
        writer = csv.DictWriter(file, LIST_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    logging.info("wrote %d images to %s", len(rows), output)
    return len(rows)
