"""The persons whose adapters are at hand, and whom a recording is of."""

import dataclasses
import hashlib
import json
import unicodedata
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from affect_jax.personal.adapter import Adapter

SEPARATORS = ("_", "-")  # behind the name of a person at the beginning of the name of a file


@dataclasses.dataclass(frozen=True, eq=False)  # arrays have no truth value
class Person:
    """Somebody with an adapter."""

    name: str  # in the tables
    adapter: Adapter | None  # None if it changes nothing
    sha256: str  # of the adapter
    geometry: Float[np.ndarray, "10"] | None = None  # of the face it was learned from; None if not known


@dataclasses.dataclass(frozen=True, eq=False)
class Persons:
    """Persons by name, and who is who: by the numbers of the faces, one person for all of them, or by file names."""

    people: Mapping[str, Person] = dataclasses.field(default_factory=dict)
    faces: Mapping[int, str] = dataclasses.field(default_factory=dict)  # names by the numbers of faces in a recording
    only: str = ""  # the name of the one person that a recording is of; "" for the name that its file begins with

    @property
    def digest(self) -> str:
        """What predictions depend on: the same only for the same adapters, names and assignment."""
        people = {name: [person.name, person.sha256] for name, person in sorted(self.people.items())}
        faces = {str(face): name for face, name in sorted(self.faces.items())}
        return hashlib.sha256(json.dumps([people, faces, self.only]).encode()).hexdigest()

    def of_recording(self, stem: str) -> Person | None:
        """The one person that a recording is of, by the name of its file without ending.

        None if it is nobody's, and where faces are assigned by their numbers. ValueError if it begins with several
        names.
        """
        if self.faces:
            return None
        if self.only:
            return self.people[self.only]
        stem = unicodedata.normalize("NFC", stem)
        names = {unicodedata.normalize("NFC", name): name for name in self.people}
        if stem in names:
            return self.people[names[stem]]
        found = [name for text, name in names.items() if stem.startswith(tuple(text + each for each in SEPARATORS))]
        if len(found) > 1:
            raise ValueError(
                f"'{stem}' begins with the names of {' and of '.join(sorted(found))}; rename the file, or predict it "
                f"alone with --assign={min(found)}"
            )
        return self.people[found[0]] if found else None

    def of_face(self, number: int) -> Person | None:
        """The person to whom a face was assigned by its number."""
        name = self.faces.get(number)
        return None if name is None else self.people[name]
