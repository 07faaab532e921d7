"""Images that fail to load: noted by whoever reads them, recorded by the process that takes the batches."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from absl import logging

from affect_jax.data.skipped import SkippedRows

BROKEN = "image failed to load"  # reason in skipped.csv, whose row is then the position in the source


class Unreadable(NamedTuple):
    """An image that failed to load: the index of its example, and what is wrong with it."""

    index: int
    message: str


class UnreadableImages:
    """The unreadable images of a source, each recorded once."""

    def __init__(self, names: np.ndarray, max_fraction: float, skipped_csv: str):
        self.names, self.known = names, set()
        self.skipped = SkippedRows("images that failed to load", max_fraction, skipped_csv)

    def record(self, found: Iterable[Unreadable]) -> None:
        """Logs and lists images that are not known yet; ValueError if there are too many."""
        new = {image.index: image for image in found if image.index not in self.known}
        if not new:
            return
        self.known |= set(new)
        for index, image in new.items():
            logging.warning("%s", image.message)
            self.skipped.faults.append((str(self.names[index]), index, BROKEN))
        self.skipped.write()
        self.skipped.check(len(self.names))
