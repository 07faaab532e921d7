"""Stored features, person by person, and what a protocol lets a method see of them."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Bool, Float

from affect_jax.personal.given import FAR_SECONDS, Given, stacked
from affect_jax.personal.method import FRAMES, LABELS, NEUTRAL
from affect_jax.personal.outputs import described
from affect_jax.personal.protocol import Drawn, Protocol
from affect_jax.personal.sources import Sources
from affect_jax.personal.stored import StoredFeatures


@dataclasses.dataclass(frozen=True)
class Person:
    """All frames of one person in the order of time, recording after recording."""

    name: str
    features: Float[np.ndarray, "frame feature"]
    output: Float[np.ndarray, "frame output"]  # of the base network; see `personal.outputs`
    label: Float[np.ndarray, "frame output"]
    known: Bool[np.ndarray, "frame"]  # whether there is a label
    neutral: Bool[np.ndarray, "frame"]  # whether the frame is of the neutral segment
    time_seconds: Float[np.ndarray, "frame"]  # ascending; `FAR_SECONDS` are added between recordings

    def __len__(self) -> int:
        return len(self.output)

    def given(self, chosen: Bool[np.ndarray, "frame"], needs: Collection[str], neutral: bool, labels: bool) -> Given:
        """What a method gets to see, without the frames that it has no use for; neutral frames are frames, too.

        Args:
            chosen: frames that were drawn for adaptation.
            needs: what the method can learn from (see `personal.method`); nothing else is handed over.
            neutral: whether it gets the neutral segment.
            labels: whether the chosen frames come with labels.
        """
        labeled = chosen & self.known & (labels and LABELS in needs)
        resting = self.neutral & (neutral and NEUTRAL in needs)
        unlabeled = (chosen | (self.neutral & neutral)) & (FRAMES in needs)
        present = labeled | resting | unlabeled
        rows = np.flatnonzero(present)
        mark = lambda frames: frames[rows].astype(np.float32)
        return Given(
            features=self.features[rows],
            output=self.output[rows],
            label=np.where(labeled[rows, None], self.label[rows], np.float32(0)),
            labeled=mark(labeled),
            neutral=mark(resting),
            present=mark(present),
            time_seconds=self.time_seconds[rows].astype(np.float32),
        )


def read_people(stored: StoredFeatures, neutral_seconds: float) -> list[Person]:
    """The persons of stored features, in the order of their first rows.

    The neutral segment of a person is the first `neutral_seconds` of each recording; 0: there is none. ValueError for a
    row without a subject, or if two rows of a recording are of the same time.
    """
    found = []
    names = np.array(stored.subject)
    for name in dict.fromkeys(stored.subject):
        if not name:
            raise ValueError(f"{_place(stored)}: a row has no subject; adaptation needs to know who is who")
        found.append(_person(stored, str(name), np.flatnonzero(names == name), neutral_seconds))
    return found


def _person(stored: StoredFeatures, name: str, rows: np.ndarray, neutral_seconds: float) -> Person:
    clips = np.array(stored.clip)[rows]
    order = {clip: number for number, clip in enumerate(dict.fromkeys(clips.tolist()))}
    number = np.array([order[clip] for clip in clips.tolist()])
    time = stored.time_seconds[rows].astype(np.float64)
    sorting = np.lexsort((time, number))
    rows, number, time = rows[sorting], number[sorting], time[sorting]
    shifted = time + FAR_SECONDS * number
    if (np.diff(shifted) <= 0).any():
        at = int(np.argmax(np.diff(shifted) <= 0))
        clip = stored.clip[rows[at]]
        raise ValueError(
            f"{_place(stored)}: subject '{name}' has two rows at {time[at]:g} s of '{clip}'; expected one face of each "
            "person per frame"
        )
    return Person(
        name=name,
        features=stored.features[rows].astype(np.float32),
        output=stored.output[rows].astype(np.float32),
        label=stored.labels[rows].astype(np.float32),
        known=stored.weight[rows] > 0,
        neutral=time < neutral_seconds,
        time_seconds=shifted,
    )


def _place(stored: StoredFeatures) -> str:
    return str(stored.path or "stored features")


def make_sources(people: Sequence[Person], stored: StoredFeatures) -> Sources:
    """Source persons with all their labeled frames, and the head of the network if it is stored."""
    needs = (LABELS, NEUTRAL)
    given = [person.given(person.known, needs, neutral=True, labels=True) for person in people]
    for person, each in zip(people, given, strict=True):
        if not each.labeled.any():
            what = described(stored.quantities)
            raise ValueError(f"{_place(stored)}: source person '{person.name}' has no label of {what}")
    labeled = [_only_labeled(each) for each in given]
    head = None if stored.head is None else stored.base_head()
    return Sources(stacked(labeled), tuple(person.name for person in people), head)


def _only_labeled(given: Given) -> Given:
    keep = given.labeled > 0
    fields = {field.name: getattr(given, field.name)[keep] for field in dataclasses.fields(given)}
    return Given(**fields)


def given_together(
    people: Sequence[Person], drawn: Sequence[Drawn], protocol: Protocol, needs: Collection[str], frames: int
) -> Given:
    """What a method gets to see of each person, padded to `frames`, along a new first axis."""
    each = []
    for person, (adaptation, _) in zip(people, drawn, strict=True):
        each.append(person.given(adaptation, needs, protocol.neutral, protocol.has_labels))
    return stacked(each, frames)
