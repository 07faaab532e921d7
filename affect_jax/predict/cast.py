"""Who is who in the recordings of a table: the person that each face is taken for."""

import dataclasses
from collections.abc import Mapping, Sequence

from absl import logging

from affect_jax.personal.adapter import Adapter
from affect_jax.predict.likeness import Likeness
from affect_jax.predict.persons import Person, Persons
from affect_jax.predict.sighting import Row

Key = tuple[str, int]  # of a face: name of the file in the table, and number of the face


class Cast:
    """Decides it once for each face, when it comes up.

    Where faces are assigned by their numbers, the others are nobody's. In a recording of one person, a face that comes
    up alone is that person, also after a cut or an absence that gives it another number; a face that comes up beside
    another one is somebody else. If several come up together, it is not known which of them the person is: none of
    them is taken for the person, which is a problem of the result.
    """

    def __init__(self, persons: Persons, stems: Mapping[str, str]):
        """`stems`: the names of the files without ending, by what they are called in the table.

        ValueError for a file whose name begins with the names of several persons.
        """
        self._persons = persons
        self._only = {name: persons.of_recording(stem) for name, stem in stems.items()}
        self._known: dict[Key, Person | None] = {}
        self._likeness = Likeness()
        self._together: list[str] = []
        self._strangers: dict[str, list[int]] = {}  # faces beside the one person of a recording

    @property
    def adapters(self) -> list[Adapter]:
        """The adapters that may be used."""
        return [person.adapter for person in self._persons.people.values() if person.adapter is not None]

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of one frame with their persons."""
        faces = {(row.name, row.face): row for row in rows if row.crop is not None}
        new = [key for key in faces if key not in self._known]
        for key in new:
            self._known[key] = self._decide(key, alone=len(faces) == 1)
        if new and len(faces) > 1:
            self._note_several(new, others=len(faces) - len(new), first=faces[new[0]])
        found = []
        for row in rows:
            person = self._known.get((row.name, row.face)) if row.crop is not None else None
            if person is not None:
                row = dataclasses.replace(row, person=person)
                self._likeness.add(row)
            found.append(row)
        return found

    def _decide(self, key: Key, alone: bool) -> Person | None:
        name, number = key
        if self._persons.faces:
            return self._persons.of_face(number)
        return self._only.get(name) if alone else None

    def _note_several(self, new: Sequence[Key], others: int, first: Row) -> None:
        person = None if self._persons.faces else self._only.get(first.name)
        if person is None:
            return
        if others:
            self._strangers.setdefault(first.name, []).extend(number for _, number in new)
            return
        numbers = " and ".join(str(number) for _, number in new)
        problem = (
            f"{first.name}: the faces {numbers} come up together at {first.time_seconds:.2f} s, so that none of them "
            f"is taken for {person.name}; say who is who with --assign={new[0][1]}:{person.name}"
        )
        logging.warning("%s", problem)
        self._together.append(problem)

    def problems(self) -> list[str]:
        """A sentence for each assignment that could not be made; call it behind the last frame."""
        self._likeness.finish()
        for name, numbers in self._strangers.items():
            several = len(numbers) > 1
            logging.info(
                "%s: the face%s %s came up beside another one and %s not taken for %s",
                name,
                "s" * several,
                ", ".join(map(str, numbers)),
                "are" if several else "is",
                self._only[name].name,
            )
        seen = {number for _, number in self._known}
        missing = sorted(set(self._persons.faces) - seen)
        absent = [f"no face has the number {number}, which --assign gives to a person" for number in missing]
        return [*self._together, *absent]
