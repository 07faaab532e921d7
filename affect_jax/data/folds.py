"""Subject-exclusive parts of a data set, so that a checkpoint can be chosen without a look at its validation labels."""

import dataclasses
import math
import zlib

import numpy as np
from absl import logging

from affect_jax.data.source import Subset, as_table
from affect_jax.types import Source


@dataclasses.dataclass(frozen=True)
class FoldConfig:
    """A part of the subjects of a data set; the default is all of them."""

    index: int = 0  # which fold, from 0
    of: int = 1  # into how many folds the subjects are divided
    complement: bool = False  # all subjects but those of this fold

    def __post_init__(self):
        if self.of < 1:
            raise ValueError(f"fold.of is {self.of}; expected the number of folds, at least 1")
        if not 0 <= self.index < self.of:
            raise ValueError(f"fold.index is {self.index}; expected 0 to {self.of - 1}, because fold.of is {self.of}")
        if self.complement and self.of == 1:
            raise ValueError("fold.complement of the whole data set leaves nobody; set fold.of to 2 or more")

    def __str__(self) -> str:
        if self.of == 1:
            return "all subjects"
        return f"{'all but ' if self.complement else ''}fold {self.index} of {self.of}"

    def settings(self) -> dict[str, str]:
        """The options that make this fold, as they are written on a command line; {} for all subjects."""
        if self.of == 1:
            return {}
        found = {"fold.index": str(self.index), "fold.of": str(self.of)}
        return found | ({"fold.complement": "true"} if self.complement else {})


def take_fold(source: Source, fold: FoldConfig) -> Source:
    """The examples of a fold's subjects.

    A subject's fold is a hash of its name, so that adding subjects moves nobody; folds are equal in size only roughly.
    """
    if fold.of == 1:
        return source
    subjects = as_table(source.examples).subjects
    inside = np.array([zlib.crc32(str(subject).encode()) % fold.of == fold.index for subject in subjects], bool)
    chosen = np.flatnonzero(inside != fold.complement)
    if not len(chosen):
        raise ValueError(f"{fold} is empty: the data set has {len(set(subjects))} subjects; choose fewer folds")
    if len(chosen) == len(subjects):
        logging.warning(
            "%s has no effect: it holds all %d examples; the data set has %d subjects",
            fold,
            len(subjects),
            len(set(subjects)),
        )
    return Subset(source, chosen)


def overlap(one: FoldConfig, other: FoldConfig) -> bool:
    """Whether a subject can be in both folds.

    Of the residues of a hash modulo the least common multiple of both counts, those that both folds hold are counted.
    """
    every = math.lcm(one.of, other.of)
    inside_both = int((one.index - other.index) % math.gcd(one.of, other.of) == 0)
    inside_one, inside_other = every // one.of, every // other.of
    shared = {
        (False, False): inside_both,
        (False, True): inside_one - inside_both,
        (True, False): inside_other - inside_both,
        (True, True): every - inside_one - inside_other + inside_both,
    }
    return shared[one.complement, other.complement] > 0


def complement(fold: FoldConfig) -> FoldConfig:
    """The fold of all other subjects; ValueError for the whole data set, which leaves nobody."""
    return dataclasses.replace(fold, complement=not fold.complement)
