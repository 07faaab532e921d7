"""Labeled recordings of a data set: their frames, labels over time and landmarks, and those that cannot be used."""

import pathlib
from collections.abc import Mapping

import numpy as np
from absl import logging

from affect_jax.data import without_effect
from affect_jax.data.belonging import check_times
from affect_jax.data.landmark_tables import LANDMARK_TABLES, picture_size, with_landmarks
from affect_jax.data.readers.traces import LABEL_SET, ClipConfig, Trace
from affect_jax.data.recordings import Footage, NumberedImages, Recording, Recordings, find_footage
from affect_jax.data.skipped import RowFault
from affect_jax.data.source import unlabeled
from affect_jax.data.whole_images import require_crops, some_sizes

LAYOUT = "expected next to the labels: videos/<name>.mp4 or frames/<name>/00001.jpg, and landmarks/<name>.csv"


def label_recording(name: str, subject: str, footage: Footage, dimensions: Mapping[int, Trace]) -> Recording:
    """Labels all frames of a recording with valence and arousal; frames without both have weight 0.

    ValueError if the times of the labels cannot be those of the recording.
    """
    times, notes = footage.times_seconds(), []
    for trace in dimensions.values():
        notes += [note for note in check_times(name, trace.times_seconds, times) if note not in notes]
    labels = unlabeled(len(times), LABEL_SET, ("valence_arousal",))
    weight = np.ones(len(times))
    for dimension, trace in dimensions.items():
        values, known = trace.at(times)
        labels["valence_arousal"].value[:, dimension] = values[:, 0]
        weight = np.minimum(weight, known)
    labels["valence_arousal"].weight[:] = weight
    labels["valence_arousal"].value[weight == 0] = 0
    return Recording(name, subject, footage, np.arange(len(times)), labels, tuple(notes))


class Collection:
    """Collects recordings; missing or unreadable ones are counted like unusable rows."""

    def __init__(self, reader: str, config: ClipConfig, root: pathlib.Path, where: str):
        self.reader, self.config, self.root, self.where = reader, config, root, where
        self.rows, self.recordings = config.skipped(where), config.skipped(f"{where}: recordings")
        self.total_rows, self.found, self.names = 0, [], []

    def footage(self, name: str, place: str) -> Footage | None:
        """Opens the frames of a recording; returns None and counts it if there are none."""
        self.names.append(name)
        try:
            return find_footage(self.root, name, self.config.fps)
        except (FileNotFoundError, ValueError) as error:
            kind = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
            self.recordings.refuse(place, len(self.names), RowFault(f"recording {kind}", str(error)), detailed=True)
            return None

    def add_traces(self, name: str, footage: Footage, traces: Mapping[int, Trace], place: str) -> None:
        """Adds a recording, which is its own subject, with labels over time; one they do not belong to is counted."""
        rate = ""
        if isinstance(footage, NumberedImages):
            rate = f"the images are taken to be {footage.fps:g} a second (fps)"
        try:
            recording = label_recording(name, name, footage, traces)
        except ValueError as error:
            text = f"{error}; {rate} ({place})" if rate else f"{error} ({place})"
            fault = RowFault("label times do not belong to the recording", text)
            self.recordings.refuse(place, len(self.names), fault, detailed=True)
        else:
            notes = (*recording.notes, rate) if recording.notes and rate else recording.notes
            self.add(recording._replace(notes=notes), place)

    def add(self, recording: Recording, place: str) -> None:
        """Adds a recording with its landmarks; one with unusable landmarks is counted instead."""
        try:
            self.found.append(with_landmarks(recording, self.root))
        except (FileNotFoundError, ValueError) as error:
            self.recordings.refuse(
                place, len(self.names), RowFault("recording has no usable landmarks", str(error)), detailed=True
            )

    def source(self, label_set: str = LABEL_SET) -> Recordings:
        """Returns the collected recordings; FileNotFoundError if all are missing.

        ValueError if too many are missing, or if there are no landmarks and most pictures plainly are not face crops.
        """
        if self.names and not self.found and len(self.recordings.faults) == len(self.names):
            self.recordings.write()
            example = f"{self.root}/videos/{self.names[0]}.mp4 or {self.root}/frames/{self.names[0]}/00001.jpg"
            missing = set(self.recordings.counts()) & {"recording is missing", "recording cannot be read"}
            reasons = ", ".join(self.recordings.counts())
            raise (FileNotFoundError if missing else ValueError)(
                f"none of the {len(self.names)} recordings of {self.where} can be used ({reasons}); the first is "
                f"{self.recordings.first}" + (f"; expected {example}" if missing else "")
            )
        self.rows.finish(self.total_rows)
        self.recordings.finish(len(self.names))
        if not self.found:
            raise ValueError(f"{self.where} has no usable recordings")
        if not any(isinstance(recording.footage, NumberedImages) for recording in self.found):
            without_effect.warn(self.config, {"fps": "videos have their own frame rate"}, self.where)
        if (self.root / LANDMARK_TABLES).is_dir():
            logging.info("%s: faces are cropped by the tables in %s", self.where, self.root / LANDMARK_TABLES)
        else:
            sizes = some_sizes(len(self.found), lambda index: picture_size(self.found[index].footage))
            require_crops(self.reader, self.root, sizes, self.config.allow_whole_images)
        return Recordings(label_set, self.found)
