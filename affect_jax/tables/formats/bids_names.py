"""The labels of a recording in BIDS, from the command line or from the name of its file."""

import dataclasses
import pathlib
import re
from collections.abc import Sequence

# In the order of file names; only the first and the last are required
ENTITIES = {"sub": "participant", "ses": "session", "task": "task", "acq": "acquisition", "run": "run"}
LABEL = re.compile(r"[A-Za-z0-9]+")
IN_NAME = re.compile(r"(?:^|_)(?:(sub|ses|task|acq)-([A-Za-z0-9]+)|(run)-([0-9]+))(?=[_.]|$)")
EXAMPLE = "sub-01_task-interview_video.mp4"


@dataclasses.dataclass(frozen=True)
class BidsName:
    """The labels of one recording by entity."""

    labels: tuple[tuple[str, str], ...]  # ("sub", "01"), ("task", "interview")

    @property
    def folder(self) -> pathlib.PurePath:
        """Its folder inside the data set."""
        parts = [f"{entity}-{label}" for entity, label in self.labels if entity in ("sub", "ses")]
        return pathlib.PurePath(*parts, "beh")

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return "_".join(f"{entity}-{label}" for entity, label in self.labels)

    def file(self, suffix: str, face: int | None = None) -> str:
        """The name of a file, "physio..." or "beh..."; `face` tells several faces of a recording apart.

        The entity `recording` is for physiological recordings only, so tables have the face in `desc`.
        """
        if face is None:
            return f"{self.stem}_desc-affect_{suffix}"
        if suffix.startswith("beh"):
            return f"{self.stem}_desc-affectface{face}_{suffix}"
        return f"{self.stem}_recording-face{face}_desc-affect_{suffix}"


def bids_name(source: str, participant: str = "", task: str = "") -> BidsName:
    """The labels of a recording; ValueError if participant or task are neither given nor in the name of its file."""
    found = {entity or run: label or number for entity, label, run, number in IN_NAME.findall(source)}
    for entity, given, flag in (("sub", participant, "--participant"), ("task", task, "--task")):
        if given:
            found[entity] = _label(given.removeprefix(f"{entity}-"), f"{flag}={given}")
    if absent := [ENTITIES[entity] for entity in ("sub", "task") if entity not in found]:
        flags = " and ".join(f"--{name}" for name in absent)
        raise ValueError(
            f"{source}: the layout of BIDS needs the label of its {' and '.join(absent)}; give {flags}, or name the "
            f"file like {EXAMPLE}"
        )
    return BidsName(tuple((entity, found[entity]) for entity in ENTITIES if entity in found))


def bids_names(sources: Sequence[str], participant: str = "", task: str = "") -> dict[str, BidsName]:
    """The labels of each recording; ValueError as in `bids_name`, or if two recordings would have the same."""
    found: dict[BidsName, str] = {}
    for source in sources:
        name = bids_name(source, participant, task)
        if name in found:
            raise ValueError(
                f"{found[name]} and {source} would both be {name.stem} in the layout of BIDS; tell them apart in their "
                "names, by _run-1 and _run-2 for example"
            )
        found[name] = source
    return {source: name for name, source in found.items()}


def _label(given: str, flag: str) -> str:
    if not LABEL.fullmatch(given):
        raise ValueError(f"{flag} is no label of BIDS; use letters and digits only")
    return given
