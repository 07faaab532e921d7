"""What a prediction has made."""

import dataclasses
import pathlib


@dataclasses.dataclass
class Result:
    """Counts, the files written, and what went wrong without stopping the work."""

    frames: int = 0
    frames_with_face: int = 0
    files: list[pathlib.Path] = dataclasses.field(default_factory=list)  # tables, plots and overlays
    problems: list[str] = dataclasses.field(default_factory=list)  # one sentence each; not empty: exit code 1

    def add(self, other: "Result") -> None:
        """Takes up the result of another file."""
        self.frames += other.frames
        self.frames_with_face += other.frames_with_face
        self.files += other.files
        self.problems += other.problems
