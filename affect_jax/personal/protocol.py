"""Which frames of a new person are learned from and which are scored.

The frames of a video resemble their neighbors: with labels at random times, every scored frame lies within a fraction
of a second of a labeled one. A contiguous block is what someone would label, and a much harder test.
"""

import dataclasses
import zlib
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

KINDS = ("random", "block", "none")
GUARD_SECONDS = 1.0  # on both sides of a block and of the neutral segment: neither learned from nor scored
LARGEST_SHARE = 0.2


class Drawn(NamedTuple):
    """Frames of one person, in the order of the recording; the two share none."""

    adaptation: Bool[np.ndarray, "frame"]
    scored: Bool[np.ndarray, "frame"]


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How much is known about a new person before the scored frames.

    kind: "random" (labels at random times), "block" (labels of a contiguous block) or "none" (a contiguous block
        without labels).
    share: fraction of the person's frames, in [0, `largest`].
    neutral: whether the method is given the neutral segment.
    largest: fraction that is set aside whatever `share` is, so that scores of all shares are of the same frames.
    """

    kind: str
    share: float = 0.0
    neutral: bool = False
    largest: float = LARGEST_SHARE

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"protocol: kind is '{self.kind}'; choose one of {', '.join(KINDS)}")
        if not 0 < self.largest < 1:
            raise ValueError(f"protocol: largest is {self.largest:g}; expected a fraction above 0 and below 1")
        if not 0 <= self.share <= self.largest:
            raise ValueError(
                f"protocol: share is {self.share:g}; expected a fraction from 0 to {self.largest:g}, the share of "
                "frames that is never scored"
            )

    @property
    def has_labels(self) -> bool:
        """Whether the adaptation frames come with their labels."""
        return self.kind != "none"

    def draw(
        self,
        times_seconds: Float[np.ndarray, "frame"],
        neutral: Bool[np.ndarray, "frame"],
        rng: np.random.Generator,
    ) -> Drawn:
        """Draws the frames; with an equal generator, the frames of a smaller share are among those of a larger one.

        The scored frames depend neither on `share` nor on `neutral`. ValueError if times do not increase, or if the
        recording is too short.
        """
        _check(times_seconds, neutral)
        free = ~_near(times_seconds, neutral)
        most = _count(self.largest, len(times_seconds))
        if self.kind == "random":
            order = rng.permutation(np.flatnonzero(free))
            reserved = np.isin(np.arange(len(free)), order[:most])
        else:
            start = _start(free, most, rng)
            order = np.arange(start, start + most)
            reserved = _near(times_seconds, np.isin(np.arange(len(free)), order))
        adaptation = np.isin(np.arange(len(free)), order[: _count(self.share, len(times_seconds))])
        scored = free & ~reserved
        if scored.sum() < 2:
            raise ValueError(f"a recording of {len(free)} frames leaves {scored.sum()} to score; expected at least 2")
        return Drawn(adaptation, scored)


NEUTRAL_ONLY = Protocol("none", neutral=True)  # a neutral segment, and no label


def generator(seed: int, subject: str) -> np.random.Generator:
    """The generator of one person's frames, the same whoever else is studied."""
    return np.random.default_rng((seed, zlib.crc32(subject.encode())))


def check_disjoint(sources: Collection[str], targets: Collection[str]) -> None:
    """ValueError if a person is both learned from and tested on, or is not named."""
    for role, subjects in (("source", sources), ("target", targets)):
        if "" in subjects:
            raise ValueError(f"a {role} person has no name; name every subject, as sources and targets must differ")
    if shared := sorted(set(sources) & set(targets)):
        raise ValueError(
            f"subject '{shared[0]}' is among the sources and among the targets ({len(shared)} in both); a person who "
            "was learned from is not a new one: use disjoint subjects"
        )


def _check(times: np.ndarray, neutral: np.ndarray) -> None:
    backward = np.flatnonzero(np.diff(times) <= 0)
    if len(backward):
        row = int(backward[0]) + 1
        raise ValueError(
            f"frame {row} is at {times[row]:g} s, after one at {times[row - 1]:g} s; sort the frames of a person by "
            "time, one recording each"
        )


def _count(share: float, frames: int) -> int:
    """Number of frames, rounded, and at least 1 unless the share is 0."""
    return max(round(share * frames), 1) if share else 0


def _near(times: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The chosen frames and all within `GUARD_SECONDS` of one, up to rounding of the times."""
    if not chosen.any():
        return chosen
    marked = times[chosen]
    after = np.searchsorted(marked, times).clip(0, len(marked) - 1)
    distance = np.minimum(np.abs(times - marked[after]), np.abs(times - marked[(after - 1).clip(0)]))
    return distance <= GUARD_SECONDS + 1e-6


def _start(free: np.ndarray, length: int, rng: np.random.Generator) -> int:
    """A first frame from which `length` frames in a row are free."""
    taken = np.concatenate([[0], np.cumsum(~free)])
    starts = np.flatnonzero(taken[length:] == taken[:-length]) if length <= len(free) else np.array([], int)
    if not len(starts):
        raise ValueError(
            f"no {length} frames in a row lie outside the neutral segment, in a recording of {len(free)} frames; use a "
            "longer recording or a smaller share"
        )
    return int(rng.choice(starts))
