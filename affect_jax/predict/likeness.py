"""Warns where a face does not look like the person whose adapter it gets."""

import dataclasses

import numpy as np
from absl import logging

from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.faces.likeness import FAR, difference
from affect_jax.predict.persons import Person
from affect_jax.predict.sighting import Row

ROWS = 50  # of a face, whose mean is compared; at the end of a recording, whatever there is


@dataclasses.dataclass
class _Face:
    """A face of a recording, and its geometry in the frames so far."""

    name: str  # of the recording
    number: int
    person: Person
    geometries: list[np.ndarray] = dataclasses.field(default_factory=list)

    def compare(self) -> None:
        """Warns if it is far from that of the person."""
        far = difference(np.mean(self.geometries, axis=0), self.person.geometry)
        if far > FAR:
            logging.warning(
                "%s: the geometry of face %d is not that of the face that the adapter of %s was learned from (they "
                "differ by %.1f, more than %.1f); is it the same person?",
                self.name,
                self.number,
                self.person.name,
                far,
                FAR,
            )


class Likeness:
    """Compares the mean geometry of each face with that of the one its person's adapter was learned from, once."""

    def __init__(self):
        self._faces: dict[tuple[str, int], _Face] = {}

    def add(self, row: Row) -> None:
        """Takes a row with a person."""
        if row.person.geometry is None or row.landmarks is None:
            return
        face = self._faces.setdefault((row.name, row.face), _Face(row.name, row.face, row.person))
        if len(face.geometries) < ROWS:
            face.geometries.append(geometry_signature(row.landmarks))
            if len(face.geometries) == ROWS:
                face.compare()

    def finish(self) -> None:
        """Compares the faces that were not seen so often."""
        for face in self._faces.values():
            if len(face.geometries) < ROWS:
                face.compare()
