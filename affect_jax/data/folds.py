"""Subject-exclusive parts of a data set, so that a checkpoint can be chosen without a look at its validation labels."""

import math
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
    without, number, count = _parsed(part)
    subjects = as_table(source.examples).subjects
    inside = np.array([zlib.crc32(str(subject).encode()) % count == number for subject in subjects], bool)
    chosen = np.flatnonzero(~inside if without else inside)
    if not len(chosen):
        raise ValueError(f"fold '{part}' of {len(set(subjects))} subjects is empty; choose fewer folds")
    return Subset(source, chosen)


def overlap(one: str, other: str) -> bool:
    """Whether a subject can be in both folds; ValueError for a fold that is none.

    Of the residues of a hash modulo the least common multiple of both counts, those that both folds hold are counted.
    """
    (without_one, first, ones), (without_other, second, others) = _parsed(one), _parsed(other)
    every = math.lcm(ones, others)
    inside_both = int((first - second) % math.gcd(ones, others) == 0)
    inside_one, inside_other = every // ones, every // others
    shared = {
        (False, False): inside_both,
        (False, True): inside_one - inside_both,
        (True, False): inside_other - inside_both,
        (True, True): every - inside_one - inside_other + inside_both,
    }
    return shared[without_one, without_other] > 0


def complement(part: str) -> str:
    """The fold of all other subjects: "-k/n" of "k/n" and the reverse; ValueError for "", which leaves nobody."""
    if not part:
        raise ValueError("fold is '', the whole source: there is nobody else")
    _parsed(part)
    return part.removeprefix("-") if part.startswith("-") else f"-{part}"


def _parsed(part: str) -> tuple[bool, int, int]:
    """Whether a fold is all but one, the number of that one, and of how many; "" is the only fold of one."""
    found = re.fullmatch(r"(-?)(\d+)/(\d+)", part or "0/1")
    if found is None or int(found[2]) >= int(found[3]):
        raise ValueError(f"fold is '{part}'; expected 'k/n' (fold k of n, from 0) or '-k/n' (all but that fold)")
    return bool(found[1]), int(found[2]), int(found[3])
