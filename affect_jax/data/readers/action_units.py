"""Recordings with tables of action units, from which the intensities of emotions are computed.

`units/<person>/<recording>.csv` of OpenFace 2, ARKit, Live Link Face or `launch.predict --include=blendshapes`, with
`videos/<person>/<recording>.mp4` or `frames/<person>/<recording>/00001.jpg`. Intensities are relative to the maxima of
a person over all recordings that are read. They are sums over both sides of a face: a mirrored video, or left and right
exchanged in all columns, cannot be noticed and changes no label.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from affect_jax.data.action_units.rows_of_frames import RowTimes, row_times
from affect_jax.data.action_units.unit_tables import UnitTable, read_unit_table
from affect_jax.data.au_norm import Intensities, intensities
from affect_jax.data.intensity_labels import (
    SEGMENT,
    check_emotions,
    intensity_labels,
    label_notes,
    neutral_notes,
)
from affect_jax.data.readers.collection import LAYOUT, Collection
from affect_jax.data.readers.lists import existing_folder
from affect_jax.data.readers.traces import ALL, ClipConfig, Trace
from affect_jax.data.recordings import Footage, Recording, Recordings
from affect_jax.data.skipped import RowFault
from affect_jax.data.whereabouts import describe, elsewhere, has_hidden_part, log_left_out
from affect_jax.emotions import EMOTION_UNITS
from affect_jax.types import Label, Labels

UNITS = "units"


@dataclasses.dataclass(frozen=True)
class ActionUnitsConfig(ClipConfig):
    """`root` contains units/ and the recordings; `split` is "all", and `subjects` or `fold` select people."""

    split: str = ALL
    subjects: tuple[str, ...] = ()  # people that are read, by the names of their folders; () = all
    intensities: tuple[str, ...] = tuple(EMOTION_UNITS)  # emotions whose intensity is a label
    causal: bool = False  # whether maxima are those up to each frame, as live; others are those of all recordings
    face: int = -1  # number of the face in tables with several; -1 = they have one
    timecode_fps: float = 60.0  # frames per second that time codes of Live Link Face count

    def __post_init__(self):
        super().__post_init__()
        if self.split != ALL:
            raise ValueError(f"split is '{self.split}', but there are no splits; use '{ALL}', and subjects or fold")
        if not self.intensities:
            raise ValueError(f"intensities is empty; expected some of {', '.join(EMOTION_UNITS)}")
        check_emotions(self.intensities, "action_units")
        if not self.timecode_fps > 0:
            raise ValueError(f"timecode_fps is {self.timecode_fps}; expected frames per second, such as 60")

    def shares_subjects(self, other: Any) -> bool:
        """Whether a subject can be in both of two configs."""
        return not (self.subjects and other.subjects) or bool(set(self.subjects) & set(other.subjects))


class Opened(NamedTuple):
    """A recording whose table can be used."""

    name: str
    path: pathlib.Path  # of its table
    footage: Footage
    table: UnitTable
    rows: RowTimes


def action_units(config: ActionUnitsConfig) -> Recordings:
    """Reads all frames of the recordings, with the intensities of emotions; a folder of tables is a subject.

    ValueError if too many recordings are unusable, or if those of a person come from different programs;
    FileNotFoundError for a wrong path.
    """
    root = existing_folder(config.root, f"root is the folder with {UNITS}/<person>/<recording>.csv; {LAYOUT}")
    people = _people(root, config.subjects)
    found = Collection("action_units", config, root, str(root / UNITS))
    opened = {person: [each for path in paths if (each := _open(found, path))] for person, paths in people.items()}
    opened = {person: recordings for person, recordings in opened.items() if recordings}
    _log_sources(root, [recording for recordings in opened.values() for recording in recordings])
    measured, labeled = {}, {}
    for person, recordings in opened.items():
        measured[person] = _measure(recordings, config.causal)
        pairs = zip(recordings, measured[person], strict=True)
        labeled[person] = [_labels(recording, values, config.intensities) for recording, values in pairs]
        for recording, labels in zip(recordings, labeled[person], strict=True):
            found.add(_recording(person, recording, labels), str(recording.path))
    for note in label_notes(measured, config.intensities) + neutral_notes(labeled):
        logging.warning("%s: %s", root, note)
    return found.source()


def _people(root: pathlib.Path, chosen: Sequence[str]) -> dict[str, list[pathlib.Path]]:
    """The tables of each person; FileNotFoundError if there are none, or none of a person that was chosen."""
    top = root / UNITS
    files = [path for path in sorted(top.rglob("*")) if path.is_file() and not has_hidden_part(path, top)]
    tables = [path for path in files if path.suffix.lower() == ".csv"]
    log_left_out(root, {"no .csv": [path for path in files if path not in tables and ".schema" not in path.suffixes]})
    if not tables:
        hint = elsewhere(root, lambda other: (other / UNITS).is_dir())
        raise FileNotFoundError(f"no tables in {top}, expected {UNITS}/<person>/<recording>.csv{hint}")
    people: dict[str, list[pathlib.Path]] = {}
    for path in tables:
        # A table that lies in no folder is the only one of its person.
        people.setdefault(path.relative_to(top).with_suffix("").parts[0], []).append(path)
    if missing := [person for person in chosen if person not in people]:
        raise FileNotFoundError(f"{top} has no tables of {', '.join(missing)}; it has those of {', '.join(people)}")
    return {person: paths for person, paths in people.items() if not chosen or person in chosen}


def _open(found: Collection, path: pathlib.Path) -> Opened | None:
    """Opens a table and its recording; None for those that cannot be used, which are counted."""
    config: ActionUnitsConfig = found.config
    name = path.relative_to(found.root / UNITS).with_suffix("").as_posix()
    footage = found.footage(name, str(path))
    if footage is None:
        return None
    try:
        table = read_unit_table(path, config.timecode_fps, None if config.face < 0 else config.face)
        return Opened(name, path, footage, table, row_times(table, footage.numbers, footage.times_seconds()))
    except ValueError as error:
        fault = RowFault("table of units cannot be used", str(error))
        found.recordings.refuse(str(path), len(found.names), fault, detailed=True)
        return None


def _log_sources(root: pathlib.Path, opened: Sequence[Opened]) -> None:
    """Warns once of each peculiarity of tables, with their number and the first."""
    paths: dict[str, list[pathlib.Path]] = {}
    for recording in opened:
        for note in (*recording.table.notes, recording.rows.rates):
            paths.setdefault(note, []).append(recording.path)
    for note, where in paths.items():
        if note:
            logging.warning("%s: tables of units: %s: %s", root, describe(where, root), note)


def _measure(recordings: Sequence[Opened], causal: bool) -> list[Intensities]:
    """The intensities of a person's recordings at the rows of their tables."""
    scales = {recording.table.scale for recording in recordings}
    if len(scales) > 1:
        names = ", ".join(str(recording.path) for recording in recordings)
        raise ValueError(f"{names} come from different programs; the recordings of a person need the same one")
    return intensities([recording.table.traces for recording in recordings], scales.pop(), causal)


def _labels(recording: Opened, measured: Intensities, emotions: Sequence[str]) -> Labels:
    """The intensities of a recording at the times of its frames."""
    rows, labels = recording.rows, {}
    for name, label in intensity_labels([measured], emotions).items():
        trace = Trace(rows.times_seconds[rows.kept], label.value[rows.kept], label.weight[rows.kept])
        value, weight = trace.at(recording.footage.times_seconds())
        labels[name] = Label(value.astype(np.float32), weight.astype(np.float32))
    return Labels(**labels)


def _recording(person: str, opened: Opened, labels: Mapping[str, Label]) -> Recording:
    frames = len(opened.footage.numbers)
    short = (f"it has {frames} frames, fewer than the {SEGMENT} of a window for intensity",) if frames < SEGMENT else ()
    notes = (*opened.rows.notes, *short)
    return Recording(opened.name, person, opened.footage, np.arange(frames), Labels(**labels), notes)
