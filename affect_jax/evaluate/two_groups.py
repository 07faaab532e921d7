"""Who is in which group, with which recordings, and what would make the comparison unfair."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.metrics.permutation import partitions
from affect_jax.tables.people import Recording

FEWEST_PEOPLE = 4  # in each group: with 4 and 4, the smallest p value is 2 of 70
FEW_PEOPLE = 10  # below, percentile intervals are too narrow
LEAST_OVERLAP = 0.5  # of the longest recording
UNEQUAL = 1.1  # factor between the groups
LEVEL = 0.05


@dataclasses.dataclass(frozen=True)
class Group:
    """People of one group, as the groups file calls them, with their recordings."""

    name: str
    people: tuple[str, ...]
    recordings: tuple[tuple[Recording, ...], ...]  # of each person

    def __len__(self) -> int:
        return len(self.people)

    def flat(self) -> list[Recording]:
        """All recordings."""
        return [recording for recordings in self.recordings for recording in recordings]


def make_groups(
    groups: Mapping[str, str], people: Mapping[str, Sequence[Recording]]
) -> tuple[tuple[Group, Group], list[str]]:
    """The two groups, in the order of the file, and the people in tables who are in neither.

    A subject is found by the whole name, or by its part after the last '/'. ValueError names subjects without rows or
    without a face, and a group with fewer than four people.
    """
    places = {subject: _find(subject, people) for subject in groups}
    if absent := [subject for subject, place in places.items() if place is None]:
        raise ValueError(
            f"no table has rows of {_listed(absent)}; the tables hold {_listed(sorted(people))}. Correct the subject, "
            "give the missing tables, or leave the row out"
        )
    if shared := [name for name in people if [*places.values()].count(name) > 1]:
        both = [subject for subject, place in places.items() if place == shared[0]]
        raise ValueError(f"{' and '.join(both)} are the same person, {shared[0]} in the tables; keep one of the rows")
    unseen = [subject for subject, place in places.items() if not sum(each.seconds.sum() for each in people[place])]
    if unseen:
        raise ValueError(
            f"{_listed(unseen)}: the face is never seen, or recordings have a single frame; leave the row out"
        )
    made = []
    for name in dict.fromkeys(groups.values()):
        members = tuple(subject for subject, group in groups.items() if group == name)
        made.append(Group(name, members, tuple(tuple(people[places[member]]) for member in members)))
    for group in made:
        if len(group) < FEWEST_PEOPLE:
            raise ValueError(
                f"the group '{group.name}' has {len(group)} people; a comparison needs at least {FEWEST_PEOPLE} in "
                "each group, and many more to find small differences"
            )
    _require_alike(made)
    return (made[0], made[1]), sorted(set(people) - set(places.values()))


def _find(subject: str, people: Mapping[str, Sequence[Recording]]) -> str | None:
    if subject in people:
        return subject
    matching = [name for name in people if name.rpartition("/")[2] == subject]
    if len(matching) > 1:
        raise ValueError(f"'{subject}' may be {_listed(matching)}; write the whole name")
    return matching[0] if matching else None


def _require_alike(groups: Sequence[Group]) -> None:
    """ValueError if some people were predicted with an adapter of their own, and others without."""
    adapted = {each.adapted: name for group in groups for name, each in _named(group)}
    if len(adapted) > 1:
        raise ValueError(
            f"{adapted[True]} was predicted with an adapter, {adapted[False]} without; an adapter alone makes a "
            "difference: predict all people in the same way"
        )


def _named(group: Group) -> list[tuple[str, Recording]]:
    return [(name, each) for name, own in zip(group.people, group.recordings, strict=True) for each in own]


def warnings(groups: tuple[Group, Group], columns: int, rate: float) -> list[str]:
    """What makes a comparison weak or unfair, a sentence each."""
    found = []
    smallest = 2 / partitions((len(groups[0]), len(groups[1])))
    if smallest * columns > LEVEL:
        found.append(
            f"with {len(groups[0])} and {len(groups[1])} people the smallest possible p value is about {smallest:.2g}, "
            f"and {smallest * columns:.2g} after correction for {columns} columns: no difference can be found; give "
            "more people, or fewer columns with --columns"
        )
    if min(map(len, groups)) < FEW_PEOPLE:
        found.append(f"with fewer than {FEW_PEOPLE} people in a group, intervals are too narrow")
    everybody = groups[0].flat() + groups[1].flat()
    slow = [each for each in everybody if each.fps < rate * 0.99]
    if slow:
        found.append(
            f"{slow[0].name} has {slow[0].fps:.3g} frames per second, fewer than --rate={rate:g}: its values are "
            f"repeated ({len(slow)} such recordings); give a lower rate"
        )
    found += _unequal(groups, "frames per second", [[each.fps for each in group.flat()] for group in groups])
    found += _unequal(groups, "seconds", [[each.whole_seconds for each in group.flat()] for group in groups])
    seen = [[each.seconds.sum() / max(each.whole_seconds, 1e-9) for each in group.flat()] for group in groups]
    found += _unequal(groups, "share of time with a face", seen)
    longest = max(each.whole_seconds for each in everybody)
    if short := [each for each in everybody if each.whole_seconds < LEAST_OVERLAP * longest]:
        found.append(
            f"{short[0].name} lasts {short[0].whole_seconds:.1f} s, the longest recording {longest:.1f} s "
            f"({len(short)} are shorter than half of it): trajectories end where fewer than 80 % of people are left"
        )
    numbers = [sorted({len(own) for own in group.recordings}) for group in groups]
    if numbers[0] != numbers[1] or len(numbers[0]) > 1:
        found.append(
            "people have different numbers of recordings; trajectories average those of a person, and assume that all "
            "are of the same stimulus"
        )
    return found


def _unequal(groups: tuple[Group, Group], what: str, values: Sequence[Sequence[float]]) -> list[str]:
    medians = [float(np.median(each)) for each in values]
    if max(medians) <= UNEQUAL * min(medians):
        return []
    return [
        f"the groups were recorded differently: {what}, median, is {medians[0]:.3g} in '{groups[0].name}' and "
        f"{medians[1]:.3g} in '{groups[1].name}'; that alone can make a difference"
    ]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + f" and {len(names) - 5} more" * (len(names) > 5)
