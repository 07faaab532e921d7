"""Warns where a face does not look like the person whose adapter it gets."""

import dataclasses

import numpy as np
from absl import logging

from affect_jax.faces.proportions import FAR, difference
from affect_jax.predict.persons import Person
from affect_jax.predict.sighting import Row

ROWS = 50  # of a face, whose mean is compared; at the end of a recording, whatever there is


@dataclasses.dataclass
class _Face:
    """A face of a recording, and its proportions in the frames so far."""

    name: str  # of the recording
    number: int
    person: Person
    proportions: list[np.ndarray] = dataclasses.field(default_factory=list)

    def compare(self) -> None:
        """Warns if they are far from those of the person."""
        far = difference(np.mean(self.proportions, axis=0), self.person.proportions)
        if far > FAR:
            logging.warning(
                "%s: the proportions of face %d are not those of the face that the adapter of %s was learned from "
                "(they differ by %.1f, more than %.1f); is it the same person?",
                self.name,
                self.number,
                self.person.name,
                far,
                FAR,
            )


class Likeness:
    """Compares the mean proportions of each face with those that its person's adapter was learned from, once."""

    def __init__(self):
        self._faces: dict[tuple[str, int], _Face] = {}

    def add(self, row: Row) -> None:
        """Takes a row with a person."""
        if row.person.proportions is None or row.proportions is None:
            return
        face = self._faces.setdefault((row.name, row.face), _Face(row.name, row.face, row.person))
        if len(face.proportions) < ROWS:
            face.proportions.append(row.proportions)
            if len(face.proportions) == ROWS:
                face.compare()

    def finish(self) -> None:
        """Compares the faces that were not seen so often."""
        for face in self._faces.values():
            if len(face.proportions) < ROWS:
                face.compare()
