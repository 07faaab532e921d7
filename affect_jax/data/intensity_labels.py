"""Labels of intensity for the people of a data set, and what a user has to know about them."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.data.au_norm import Intensities
from affect_jax.emotions import EMOTION_UNITS
from affect_jax.quantities.intensity import Intensity
from affect_jax.types import Label

MOST_NAMED = 5  # people in a message


def check_emotions(emotions: Sequence[str], where: str) -> None:
    """ValueError for an emotion that has no action units, or that is there twice."""
    for place, emotion in enumerate(emotions):
        if emotion not in EMOTION_UNITS:
            raise ValueError(
                f"{where}: intensities has '{emotion}'; choose from {', '.join(EMOTION_UNITS)}, or leave it empty"
            )
        if emotion in emotions[:place]:
            raise ValueError(f"{where}: intensities has '{emotion}' twice")


def intensity_labels(recordings: Sequence[Intensities], emotions: Sequence[str]) -> dict[str, Label]:
    """The labels of these emotions by the name of their quantity, one recording after the other."""
    labels = {}
    for emotion in emotions:
        value = np.concatenate([recording.value[emotion] for recording in recordings])
        known = np.concatenate([recording.known[emotion] for recording in recordings])
        labels[Intensity(emotion).name] = Label(value[:, None].astype(np.float32), known.astype(np.float32))
    return labels


def label_notes(people: Mapping[str, Sequence[Intensities]], emotions: Sequence[str]) -> list[str]:
    """What a user has to know about these labels, a sentence each; `people` has the recordings of each by name."""
    notes = []
    for emotion in emotions:
        lacking: dict[tuple[int, ...], list[str]] = {}
        still: dict[tuple[int, ...], list[str]] = {}
        for person, recordings in people.items():
            missing = recordings[0].lacking.get(emotion, ())
            unmoved = tuple(unit for unit in EMOTION_UNITS[emotion] if unit in recordings[0].still)
            if missing:
                lacking.setdefault(missing, []).append(person)
            if unmoved:
                still.setdefault(unmoved, []).append(person)
        notes += [_lacking_note(emotion, units, named, len(people)) for units, named in lacking.items()]
        if still:
            notes.append(_still_note(emotion, still, len(people)))
    return notes


def _lacking_note(emotion: str, units: tuple[int, ...], named: Sequence[str], people: int) -> str:
    left = [unit for unit in EMOTION_UNITS[emotion] if unit not in units]
    rest = f"is the mean of {_units(left)}" if left else "is unknown"
    return f"the intensity of '{emotion}' {rest} for {_people(named, people)}, whose tables lack {_units(units)}"


def _still_note(emotion: str, still: Mapping[tuple[int, ...], Sequence[str]], people: int) -> str:
    named = [person for persons in still.values() for person in persons]
    units = sorted({unit for unmoved in still for unit in unmoved})
    which = "do not move all its units" if len(units) > 1 else "do not move its unit"
    return f"the intensity of '{emotion}' is unknown for {_people(named, people)}, who {which} ({_units(units)})"


def _people(named: Sequence[str], count: int) -> str:
    """How many of the people these are, and the first of them."""
    more = ", ..." if len(named) > MOST_NAMED else ""
    return f"{len(named)} of {count} people ({', '.join(named[:MOST_NAMED])}{more})"


def _units(units: Sequence[int]) -> str:
    return ", ".join(f"AU{unit}" for unit in units)
