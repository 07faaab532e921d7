"""What a table of rows does not say: where time zero is, how often each face is seen."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame, Video

MOST_FACES = 100  # listed, those in most frames; all are counted


@dataclasses.dataclass
class _Face:
    first_frame: int
    first_seconds: float
    last_frame: int = 0
    last_seconds: float = 0.0
    frames: int = 0
    subject: str = ""  # the person whose adapter it got

    def facts(self, number: int) -> dict[str, Any]:
        facts = {"face": number, **dataclasses.asdict(self)}
        return facts if self.subject else {name: fact for name, fact in facts.items() if name != "subject"}


class Account:
    """Facts about a recording, or about images, collected from its rows; they stand in the schema beside the table."""

    def __init__(self, name: str, video: Video | None = None, more: Mapping[str, Any] | None = None):
        """`more` facts about it, known before the first row."""
        self._name = name
        self._more = dict(more or {})
        self._video = video
        self._faces: dict[int, _Face] = {}  # by number
        self._adapters: dict[str, str] = {}  # SHA-256 by the name of the person
        self._restarts = 0
        self._frames = 0
        self._with_face = 0
        self._with_several = 0
        self._most_at_once = 0

    def add(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Takes the rows of a frame."""
        self._frames += 1
        self._restarts += frame.restarts
        found = [row for row in rows if row.values is not None]
        self._with_face += bool(found)
        self._with_several += len(found) > 1
        self._most_at_once = max(self._most_at_once, len(found))
        for row in found:
            face = self._faces.setdefault(row.face, _Face(row.frame, row.time_seconds))
            face.last_frame, face.last_seconds = row.frame, row.time_seconds
            face.frames += 1
            if row.person is not None:
                face.subject = row.person.name
                self._adapters[row.person.name] = row.person.sha256

    def facts(self) -> dict[str, Any]:
        """Returns the facts for the schema."""
        facts = {**self._more, "frames": self._frames, "frames_with_a_face": self._with_face}
        facts |= {"frames_with_several_faces": self._with_several, "most_faces_at_once": self._most_at_once}
        if self._video is not None:
            facts["start_seconds"] = self._video.start_seconds  # the stream's own time stamp of time_seconds 0
            facts["clock_restarts"] = self._restarts
            facts["damage"] = self._video.damage
            facts["different_faces"] = len(self._faces)
            facts["faces"] = [self._faces[number].facts(number) for number in self._listed()]
        return {**facts, "persons": dict(sorted(self._adapters.items()))} if self._adapters else facts

    def _listed(self) -> list[int]:
        by_frames = sorted(self._faces, key=lambda number: self._faces[number].frames, reverse=True)
        return sorted(by_frames[:MOST_FACES])

    def notes(self) -> list[str]:
        """Returns a sentence for each fact that a reader of the table should know."""
        notes = []
        if self._with_several:
            notes.append(
                f"{self._name}: several faces are in {self._with_several} of {self._frames} frames, at most "
                f"{self._most_at_once} at once; each has a row of its own"
            )
        if self._video is not None and len(self._faces) > 1:
            second = self._faces[sorted(self._faces)[1]]
            notes.append(
                f"{self._name}: {len(self._faces)} different faces, the second from frame {second.first_frame} "
                f"({second.first_seconds:.2f} s) on; the column face numbers them"
            )
        if self._restarts:
            notes.append(
                f"{self._name}: the time stamps run backwards in {self._restarts} place"
                f"{'s' * (self._restarts > 1)}; there time_seconds goes on by one frame"
            )
        return notes
