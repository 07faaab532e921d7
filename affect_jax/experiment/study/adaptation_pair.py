"""Source and target people of one network, and whether each target can be scored."""

import dataclasses
import hashlib
import math
import pathlib
from collections.abc import Sequence

import numpy as np
from absl import logging

from affect_jax.personal.one_person import select
from affect_jax.personal.outputs import described, is_intensity
from affect_jax.personal.people import Person, make_sources, read_people
from affect_jax.personal.protocol import Drawn, Protocol, check_disjoint, generator
from affect_jax.personal.sources import Sources
from affect_jax.personal.stored import StoredFeatures, read_features

FEWEST = 2  # labeled frames to score, as a correlation of a single one is undefined


@dataclasses.dataclass(frozen=True)
class Pair:
    """Source and target people of one network."""

    seed: int  # of the frames that are drawn, and of the methods
    sources: Sources
    people: Sequence[Person]  # the targets
    digest: str  # of everything that the scores depend on, except for the methods
    quantities: tuple[str, ...]  # that are adapted and scored

    @property
    def has_neutral(self) -> bool:
        """Whether a target person has a neutral segment."""
        return any(person.neutral.any() for person in self.people)


def read_pair(
    sources: pathlib.Path,
    targets: pathlib.Path,
    neutral_seconds: float,
    seed: int,
    quantities: Sequence[str] = (),
) -> Pair:
    """Reads stored features, of some quantities or of all that can be adapted.

    ValueError if they are of two networks, or share a person, or if too little of a target person is left to score.
    """
    if not (math.isfinite(neutral_seconds) and neutral_seconds >= 0):
        raise ValueError(f"--neutral_seconds={neutral_seconds:g}: expected seconds, 0 if there is no neutral segment")
    from_sources, from_targets = (_of_rated_people(read_features(folder, quantities)) for folder in (sources, targets))
    if from_sources.network_sha256 != from_targets.network_sha256:
        raise ValueError(
            f"{sources} holds features of network '{from_sources.network}' ({from_sources.network_sha256[:12]}), and "
            f"{targets} of '{from_targets.network}' ({from_targets.network_sha256[:12]}); run launch.features for both "
            "with the same --workdir"
        )
    check_disjoint(set(from_sources.subject), set(from_targets.subject))
    people = read_people(from_targets, neutral_seconds)
    for person in people:
        _check_scored(person, seed, targets, neutral_seconds)
    known = make_sources(read_people(from_sources, neutral_seconds), from_sources)
    digest = _digest([from_sources, from_targets], neutral_seconds, seed)
    return Pair(seed, known, people, digest, from_targets.quantities)


def _of_rated_people(stored: StoredFeatures) -> StoredFeatures:
    """The rows of people whose intensities are known; those who never move a unit have no labels, which is no mistake.

    ValueError if nobody is left.
    """
    if not is_intensity(stored.quantities):
        return stored
    subjects = np.array(stored.subject, object)
    rated = set(subjects[stored.weight > 0].tolist())
    if not (unrated := sorted(set(stored.subject) - rated)):
        return stored
    what = f"{stored.path}: {described(stored.quantities)} is not known, or not all of it, of {', '.join(unrated[:5])}"
    if not rated:
        raise ValueError(f"{what} and of nobody else; choose other emotions with --emotions, or give longer recordings")
    logging.warning("%s (%d of %d people); they are left out", what, len(unrated), len(unrated) + len(rated))
    return select(stored, np.array([subject in rated for subject in stored.subject]))


def _check_scored(person: Person, seed: int, folder: pathlib.Path, neutral_seconds: float) -> None:
    """ValueError unless every protocol leaves at least `FEWEST` labeled frames, which depend on its kind alone."""
    for kind in ("random", "block"):
        try:
            scored = draw(person, Protocol(kind), seed).scored
        except ValueError as error:
            raise ValueError(
                f"{folder}: subject '{person.name}', with --neutral_seconds={neutral_seconds:g}: {error}"
            ) from error
        if (labeled := int((scored & person.known).sum())) < FEWEST:
            raise ValueError(
                f"{folder}: subject '{person.name}' has {labeled} labeled {'frame' if labeled == 1 else 'frames'} to "
                f"score (protocol '{kind}'), expected at least {FEWEST}; store the features again with labels of this "
                "person, or without the person"
            )


def _digest(stored: Sequence[StoredFeatures], neutral_seconds: float, seed: int) -> str:
    found = hashlib.sha256(f"{neutral_seconds} {seed}".encode())
    for each in stored:
        found.update(each.network_sha256.encode())
        found.update("\n".join(each.subject).encode())
        found.update("\n".join(each.quantities).encode())
        for array in (each.features, each.labels, each.weight, each.time_seconds):
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def draw(person: Person, protocol: Protocol, seed: int) -> Drawn:
    """Adaptation and scored frames of a person, the same for all methods."""
    return protocol.draw(person.time_seconds, person.neutral, generator(seed, person.name))
