"""Training windows: neighboring frames of a clip, started anew and played at other speeds in every epoch."""

import dataclasses
import math

import numpy as np
from absl import logging
from jaxtyping import Bool, Int

from affect_jax.data.clips import check_hop, split_at_gaps
from affect_jax.data.source import Table, as_table
from affect_jax.ops.sequence import window_starts
from affect_jax.quantities.registry import quantity
from affect_jax.types import Source

NAMED_CLIPS = 5  # of those that are too short, in messages


@dataclasses.dataclass(frozen=True)
class WindowConfig:
    """How clips are cut out of recordings; `frames` and `hop` count what `every` leaves.

    Evaluation knows only `every`, and still sees each frame once: those between make clips of their own.
    """

    every: int = 1  # frames of the recording from one frame of a clip to the next: 2 halves the frame rate
    start_jitter: int = 0  # frames of the recording by which a training clip starts earlier or later, at most
    speed: float = 1.0  # a training clip runs at 1/speed to speed (log-uniform), with frames left out or repeated

    def __post_init__(self):
        if self.every < 1 or self.start_jitter < 0:
            raise ValueError(
                f"every is {self.every} and start_jitter {self.start_jitter}; expected whole numbers from 1 and from 0"
            )
        if not 1 <= self.speed < math.inf:
            raise ValueError(f"speed is {self.speed}; expected the largest factor, such as 1.5, or 1 for no change")

    @property
    def varies(self) -> bool:
        """Whether a window differs from epoch to epoch."""
        return bool(self.start_jitter) or self.speed > 1


AS_CUT = WindowConfig()


def rated(table: Table) -> Bool[np.ndarray, "example"]:
    """Examples with a label of a quantity that people rate."""
    found = np.zeros(len(table), bool)
    for name, label in table.labels.items():
        if quantity(name).rated:
            found |= label.weight > 0
    return found


class TrainingWindows:
    """Windows of `frames` frames over the clips of a source, which together hold their labeled frames.

    Windows in which nothing rated is labeled are left out where others are. So are, with a warning, clips or parts
    of them (see `split_at_gaps`) shorter than a window; ValueError when that leaves none. With `every`, frames between those
    of the only windows that a short clip has room for are in none.
    """

    def __init__(self, source: Source, frames: int, hop: int, config: WindowConfig):
        check_hop(frames, hop)
        self.frames, self.config = frames, config
        self.clips, places, short = [], [], []
        for (subject, clip), members in split_at_gaps(source):
            thinned = [len(members[phase :: config.every]) for phase in range(config.every)]
            if thinned[0] < frames:
                short.append((thinned[0], f"{subject}/{clip}"))
                continue
            for phase, length in enumerate(thinned):
                if length >= frames:
                    starts = phase + config.every * window_starts(length, frames, hop)
                    places += [(len(self.clips), int(first)) for first in starts]
            self.clips.append(members)
        self._report(short)
        self.clip, self.first = np.array(places, np.int64).T
        known = rated(as_table(source.examples))[self.units()].any(1)
        if known.any():
            self.clip, self.first = self.clip[known], self.first[known]

    def _report(self, short: list[tuple[int, str]]) -> None:
        names = ", ".join(f"{name} ({length})" for length, name in sorted(short, reverse=True)[:NAMED_CLIPS])
        if not self.clips:
            raise ValueError(
                f"none of {len(short)} clips has {self.frames} frames (longest first: {names}); choose shorter windows"
            )
        if short:
            logging.warning(
                "%d clips, or parts of clips between gaps, have fewer than %d frames and are left out: %s",
                *(len(short), self.frames, names),
            )

    def __len__(self) -> int:
        return len(self.first)

    def units(self) -> Int[np.ndarray, "window frame"]:
        """Indices of the source in each window as it is cut."""
        places = self.first[:, None] + self.config.every * np.arange(self.frames)
        return np.stack([self.clips[clip][place] for clip, place in zip(self.clip, places, strict=True)])

    def varied(self, number: int, rng: np.random.Generator) -> Int[np.ndarray, "frame"]:
        """A window started and played as `rng` says, about the same middle and inside its clip.

        The number of draws does not depend on the options.
        """
        members, steps = self.clips[self.clip[number]], max(self.frames - 1, 1)
        jitter = rng.integers(-self.config.start_jitter, self.config.start_jitter, endpoint=True)
        speed = self.config.speed ** rng.uniform(-1, 1)
        whole = self.config.every * (self.frames - 1)
        span = min(whole * speed, len(members) - 1)
        start = np.clip(self.first[number] + jitter + (whole - span) / 2, 0, len(members) - 1 - span)
        return members[np.floor(start + span * np.arange(self.frames) / steps + 0.5).astype(np.int64)]
