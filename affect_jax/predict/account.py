"""What a table of rows does not say: where time zero is, which faces were left out, and where a face changed."""

from typing import Any

from affect_jax.predict.sighting import Row
from affect_jax.predict.sources import Frame, Video

MOST_CHANGES = 100  # listed; all are counted


class Account:
    """Facts about a recording, or about images, collected from its rows; they stand in the schema beside the table."""

    def __init__(self, name: str, video: Video | None = None):
        self._name = name
        self._video = video
        self._changes: list[dict[str, float]] = []
        self._changed = 0
        self._face = 0
        self._restarts = 0
        self._looked = 0
        self._with_others = 0
        self._first: Row | None = None  # with other faces

    def add(self, frame: Frame, row: Row) -> None:
        """Takes one row."""
        self._restarts += frame.restarts
        if row.face != self._face and row.values is not None:
            self._changed += 1
            if len(self._changes) < MOST_CHANGES:
                self._changes.append({"frame": row.frame, "time_seconds": row.time_seconds, "face": row.face})
            self._face = row.face
        if row.others is not None:
            self._looked += 1
            if row.others:
                self._with_others += 1
                self._first = self._first or row

    def facts(self) -> dict[str, Any]:
        """Returns the facts for the schema."""
        facts: dict[str, Any] = {}
        if self._video is not None:
            facts["start_seconds"] = self._video.start_seconds  # the stream's own time stamp of time_seconds 0
            facts["clock_restarts"] = self._restarts
            facts["damage"] = self._video.damage
            facts["face_changes"] = self._changes
        facts["frames_searched_for_other_faces"] = self._looked
        facts["frames_with_other_faces"] = self._with_others
        return facts

    def notes(self) -> list[str]:
        """Returns a sentence for each fact that a reader of the table should know."""
        notes = []
        if self._with_others:
            where = f"frame {self._first.frame} ({self._first.time_seconds:.2f} s)" if self._video else self._first.name
            notes.append(
                f"{self._name}: other faces are in {self._with_others} of {self._looked} frames searched for them, "
                f"first in {where}; the table holds one face a frame"
            )
        if self._changed:
            first = self._changes[0]
            more = f", and {self._changed - 1} more changes" if self._changed > 1 else ""
            notes.append(
                f"{self._name}: another face from frame {first['frame']} ({first['time_seconds']:.2f} s) on{more}; "
                "the column face numbers them"
            )
        if self._restarts:
            notes.append(
                f"{self._name}: the time stamps run backwards in {self._restarts} place"
                f"{'s' * (self._restarts > 1)}; there time_seconds goes on by one frame"
            )
        return notes
