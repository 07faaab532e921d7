"""What a prediction has made."""

import dataclasses
import pathlib


@dataclasses.dataclass
class Result:
    """Counts, the files written, and what went wrong without stopping the work."""

    frames: int = 0
    frames_with_face: int = 0
    tables: list[pathlib.Path] = dataclasses.field(default_factory=list)
    pictures: list[pathlib.Path] = dataclasses.field(default_factory=list)  # plots and overlays
    problems: list[str] = dataclasses.field(default_factory=list)  # one sentence each; not empty: exit code 1

    def add(self, other: "Result") -> None:
        """Takes up what another file gave."""
        self.frames += other.frames
        self.frames_with_face += other.frames_with_face
        self.tables += other.tables
        self.pictures += other.pictures
        self.problems += other.problems
