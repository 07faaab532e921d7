"""Labels of intensity for the people of a data set, and what a user has to know about them."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.data.au_norm import Intensities
from affect_jax.emotions import EMOTION_UNITS
from affect_jax.quantities.intensity import Intensity
from affect_jax.types import Label

MOST_NAMED = 5  # people in a message
NEUTRAL_BELOW = 1.0  # intensity of every emotion in a neutral face
SEGMENT = 16  # neutral frames in a row that calibration by neutral faces needs: a window of the paper's network


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


def neutral_notes(people: Mapping[str, Sequence[Mapping[str, Label]]]) -> list[str]:
    """A sentence about the people that are never neutral, and one about those that are never so for long.

    `people` has the labels of each recording of each person; people whose intensities are all unknown are left out.
    """
    longest = {}
    for person, recordings in people.items():
        runs = [_longest_run(labels) for labels in recordings]
        if any((label.weight > 0).any() for labels in recordings for label in labels.values()):
            longest[person] = max(runs)
    never = [person for person, frames in longest.items() if not frames]
    short = [person for person, frames in longest.items() if 0 < frames < SEGMENT]
    notes = []
    if never:
        notes.append(
            f"{_people(never, len(people))} have no neutral frame, with all intensities below {NEUTRAL_BELOW:g}: low "
            "intensities are not among their labels, and neutral faces cannot calibrate to them"
        )
    if short:
        notes.append(
            f"{_people(short, len(people))} have no neutral segment, {SEGMENT} frames in a row with all intensities "
            f"below {NEUTRAL_BELOW:g}, for calibration"
        )
    return notes


def _longest_run(labels: Mapping[str, Label]) -> int:
    """The largest number of frames in a row that are neutral, as far as is known."""
    known = np.any([label.weight > 0 for label in labels.values()], axis=0)
    low = np.all([label.value[:, 0] < NEUTRAL_BELOW for label in labels.values()], axis=0)  # 0 where unknown
    ends = np.flatnonzero(np.diff(known & low, prepend=False, append=False))
    return int(np.diff(ends)[::2].max(initial=0))


def _lacking_note(emotion: str, units: tuple[int, ...], named: Sequence[str], people: int) -> str:
    left = [unit for unit in EMOTION_UNITS[emotion] if unit not in units]
    rest = f"is the mean of {_units(left)}" if left else "is unknown"
    return f"the intensity of '{emotion}' {rest} for {_people(named, people)}, whose tables lack {_units(units)}"


def _still_note(emotion: str, still: Mapping[tuple[int, ...], Sequence[str]], people: int) -> str:
    named = [person for persons in still.values() for person in persons]
    units = sorted({unit for unmoved in still for unit in unmoved})
    which = f"some of its units ({_units(units)})" if len(units) > 1 else f"its {_units(units)}"
    return f"the intensity of '{emotion}' is unknown for {_people(named, people)}, who never move {which}"


def _people(named: Sequence[str], count: int) -> str:
    """How many of the people these are, and the first of them."""
    more = ", ..." if len(named) > MOST_NAMED else ""
    return f"{len(named)} of {count} people ({', '.join(named[:MOST_NAMED])}{more})"


def _units(units: Sequence[int]) -> str:
    return ", ".join(f"AU{unit}" for unit in units)
