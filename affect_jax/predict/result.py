"""The result of a prediction."""

import dataclasses
import pathlib

from absl import logging


class Stopped(Exception):
    """The prediction was asked to stop; its rows are saved, and the same command continues it."""


@dataclasses.dataclass
class Result:
    """Counts, the files written, and problems that did not stop the prediction."""

    frames: int = 0
    frames_with_face: int = 0
    rows: int = 0  # one for each face, or one for a frame without a face
    files: list[pathlib.Path] = dataclasses.field(default_factory=list)  # tables, plots and overlays
    problems: list[str] = dataclasses.field(default_factory=list)  # one sentence each; exit code 1 if there are any
    journals: list[pathlib.Path] = dataclasses.field(default_factory=list)  # to be removed once the command is done

    def add(self, other: "Result") -> None:
        """Adds the result for another file."""
        self.frames += other.frames
        self.frames_with_face += other.frames_with_face
        self.rows += other.rows
        self.files += other.files
        self.problems += other.problems
        self.journals += other.journals

    def refuse(self, problem: str) -> None:
        """Logs a problem and lists it."""
        logging.warning("%s", problem)
        self.problems.append(problem)
