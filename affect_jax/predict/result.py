"""The result of a prediction."""

import dataclasses
import pathlib

from absl import logging


@dataclasses.dataclass
class Result:
    """Counts, the files written, and problems that did not stop the prediction."""

    frames: int = 0
    frames_with_face: int = 0
    files: list[pathlib.Path] = dataclasses.field(default_factory=list)  # tables, plots and overlays
    problems: list[str] = dataclasses.field(default_factory=list)  # one sentence each; exit code 1 if there are any

    def add(self, other: "Result") -> None:
        """Adds the result for another file."""
        self.frames += other.frames
        self.frames_with_face += other.frames_with_face
        self.files += other.files
        self.problems += other.problems

    def refuse(self, problem: str) -> None:
        """Logs a problem and lists it."""
        logging.warning("%s", problem)
        self.problems.append(problem)
