"""Subject-exclusive parts of a data set, so that a checkpoint can be chosen without a look at its validation labels."""

import re
import zlib

import numpy as np

from affect_jax.data.source import Subset, as_table
from affect_jax.types import Source


def fold(source: Source, part: str) -> Source:
    """Fold "k/n" of the subjects, or with "-k/n" all but that fold; "" is the whole source.

    A subject's fold is a hash of its name, so that adding subjects moves nobody; folds are equal in size only roughly.
    """
    if not part:
        return source
    found = re.fullmatch(r"(-?)(\d+)/(\d+)", part)
    if found is None or int(found[2]) >= int(found[3]):
        raise ValueError(f"fold is '{part}'; expected 'k/n' (fold k of n, from 0) or '-k/n' (all but that fold)")
    number, count = int(found[2]), int(found[3])
    subjects = as_table(source.examples).subjects
    inside = np.array([zlib.crc32(str(subject).encode()) % count == number for subject in subjects], bool)
    chosen = np.flatnonzero(~inside if found[1] else inside)
    if not len(chosen):
        raise ValueError(f"fold '{part}' of {len(set(subjects))} subjects is empty; choose fewer folds")
    return Subset(source, chosen)
