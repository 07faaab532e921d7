"""Who of RECOLA is learned from (sources) and who is adapted to (targets) in a study of personalization.

In the published study, nine of the 18 people with video train and the nine others evaluate; which nine is not known.
Ours, unless they are listed: sources are train_1 to train_9 of AVEC and targets are dev_1 to dev_9. With the original
names (P16 to P65), people are sorted by number: the first half are sources, the others targets. Labels of 23 people are
public under these names; those without video are left out.
Source: Feffer, Rudovic and Picard, A Mixture of Personalized Experts for Human Affect Estimation, MLDM 2018.
"""

import collections
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from absl import logging

EACH = 9  # people in each half of the published study
HALVES = ("sources", "targets")
AVEC, ORIGINAL = ("train", "dev", "test"), "P"  # what names begin with


class Halves(NamedTuple):
    """Names of recordings, of which each is a person."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


def check_listed(listed: Halves) -> None:
    """ValueError if a recording is named twice."""
    for half, names in zip(HALVES, listed, strict=True):
        if twice := [name for name, count in collections.Counter(names).items() if count > 1]:
            raise ValueError(f"{half} names {', '.join(twice)} more than once")
    if both := sorted(set(listed.sources) & set(listed.targets), key=_in_order):
        raise ValueError(
            f"{', '.join(both)} is in both sources and targets; who is adapted to must not be learned from before"
        )


def can_share(one: str, listed: Halves, other: str, listed_there: Halves) -> bool:
    """Whether a recording can be in both splits, given by AVEC's name, as far as it is known before labels are read."""
    if {one, other} == set(HALVES) and listed == listed_there:
        return False
    mine, theirs = _named(one, listed), _named(other, listed_there)
    if mine and theirs:
        return not mine.isdisjoint(theirs)
    return not _kinds(one, listed).isdisjoint(_kinds(other, listed_there))


def _named(split: str, listed: Halves) -> set[str]:
    return set(getattr(listed, split)) if split in HALVES else set()


def _kinds(split: str, listed: Halves) -> set[str]:
    """What the names of a split can begin with."""
    if split in AVEC:
        return {split}
    if named := _named(split, listed):
        return {_in_order(name)[0] for name in named}
    if split in HALVES and not any(listed):
        return {ORIGINAL, AVEC[HALVES.index(split)]}
    return {ORIGINAL, *AVEC}


def divide(names: Sequence[str], listed: Halves, is_recorded: Callable[[str], bool], where: str) -> Halves:
    """Divides the people with labels in the folder `where`; if only one half is listed, the other is all others.

    ValueError if a listed recording has no labels, if names do not tell who is who, or if nobody is left for a half.
    """
    for half, wanted in zip(HALVES, listed, strict=True):
        if unknown := [name for name in wanted if name not in names]:
            known = ", ".join(sorted(names, key=_in_order))
            raise ValueError(f"{half} names {', '.join(unknown)}, but {where} has no such labels; it has {known}")
    if listed.sources and listed.targets:
        return listed
    others = _unlisted(names, listed, is_recorded, where)
    if listed.sources or listed.targets:
        found = Halves(listed.sources or others, listed.targets or others)
    else:
        found = _by_name(others)
        if (len(found.sources), len(found.targets)) != (EACH, EACH):
            logging.warning(
                "%s: %d source and %d target people; the published study had %d and %d",
                *(where, len(found.sources), len(found.targets), EACH, EACH),
            )
    for half, people in zip(HALVES, found, strict=True):
        if not people:
            raise ValueError(f"{where}: nobody is left for the {half}; set sources and targets to names of recordings")
    logging.info("%s: sources are %s; targets are %s", where, ", ".join(found.sources), ", ".join(found.targets))
    return found


def _unlisted(names: Sequence[str], listed: Halves, is_recorded: Callable[[str], bool], where: str) -> tuple[str, ...]:
    """The other people, in order; those of AVEC's test set and original names without video are left out."""
    original = [name for name in names if _is_original(name)]
    if original and len(original) < len(names):
        raise ValueError(
            f"{where} has labels of original names ({original[0]}) and of AVEC's, which may be the same people; set "
            "labels to a folder with one kind, or list both sources and targets"
        )
    rest = [name for name in names if name not in listed.sources + listed.targets and not name.startswith("test")]
    silent = sorted((name for name in rest if _is_original(name) and not is_recorded(name)), key=_in_order)
    if silent:
        logging.warning(
            "%s: %d of %d people have labels but no video and are left out: %s",
            *(where, len(silent), len(names), ", ".join(silent)),
        )
    return tuple(sorted(set(rest) - set(silent), key=_in_order))


def _by_name(people: tuple[str, ...]) -> Halves:
    if people and _is_original(people[0]):
        return Halves(people[: len(people) // 2], people[len(people) // 2 :])
    sources = tuple(name for name in people if name.startswith("train"))
    return Halves(sources, tuple(name for name in people if name not in sources))


def _is_original(name: str) -> bool:
    return name.startswith(ORIGINAL)


def _in_order(name: str) -> tuple[str, int]:
    """Sorts train_10 behind train_9."""
    return re.sub(r"[\d_]", "", name), int(re.sub(r"\D", "", name) or 0)
