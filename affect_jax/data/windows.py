"""Training windows: consecutive frames of a clip, with start and speed varied in every epoch."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from absl import logging
from jaxtyping import Bool, Int

from affect_jax.data.clips import check_hop, split_at_gaps
from affect_jax.data.source import Table, as_table
from affect_jax.data.transitions import graded, transition_windows
from affect_jax.ops.sequence import window_starts
from affect_jax.quantities.registry import quantity
from affect_jax.types import Source

NAMED_CLIPS = 5  # number of too-short clips named in messages


@dataclasses.dataclass(frozen=True)
class WindowConfig:
    """How clips are cut from recordings; `frames` and `hop` are counted after subsampling by `every`.

    Evaluation uses only `every` and still sees each frame once: the frames in between form their own clips.
    """

    every: int = 1  # step between frames of a clip, in frames of the recording: 2 halves the frame rate
    start_jitter: int = 0  # maximum shift of the start of a training clip, in frames of the recording
    speed: float = 1.0  # playback at 1/speed to speed (log-uniform), by dropping or repeating frames
    # Share of the training windows that end at an intensity from 3 to 7, of each emotion, reached by extra windows in
    # which it changes by 3 or more; 0 = none. Ouyang et al.: 0.25 without and 0.45 with their extra windows.
    transitions: float = 0.0

    def __post_init__(self):
        if self.every < 1 or self.start_jitter < 0:
            raise ValueError(
                f"every is {self.every} and start_jitter {self.start_jitter}; expected integers of at least 1 and 0"
            )
        if not 1 <= self.speed < math.inf:
            raise ValueError(f"speed is {self.speed}; expected the largest factor, such as 1.5, or 1 for no change")
        if not 0 <= self.transitions < 1:
            raise ValueError(f"transitions is {self.transitions}; expected a share of windows below 1, or 0 for none")

    @property
    def varies(self) -> bool:
        """Whether a window differs from epoch to epoch."""
        return bool(self.start_jitter) or self.speed > 1


AS_CUT = WindowConfig()


def labeled(table: Table, quantities: Sequence[str] | None) -> Bool[np.ndarray, "example"]:
    """Mask of the examples with a label of one of these quantities, or of any if None."""
    found = np.zeros(len(table), bool)
    for name, label in table.labels.items():
        if quantities is None or name in quantities:
            found |= label.weight > 0
    return found


def rated(table: Table) -> Bool[np.ndarray, "example"]:
    """Mask of the examples with a label of a quantity that humans annotate."""
    return labeled(table, [name for name in table.labels if quantity(name).rated])


class TrainingWindows:
    """Windows of `frames` frames that together cover the labeled frames of the clips of a source, the `regular` ones.

    With `WindowConfig.transitions`, windows where an intensity changes fast follow (see `transition_windows`).

    Windows without human labels are dropped if others have them. Clips, or parts of them (see `split_at_gaps`),
    that are shorter than a window are dropped with a warning; ValueError if none remain. With `every`, a short clip may
    have room for only some phases of the subsampling; its other frames are not used.

    Of a network that predicts the `newest` frame of a clip, the windows start exactly `hop` frames apart, which may be
    more than a window, and the label of their last frame decides whether they are kept: one of the quantities that the
    network `predicts`, or of any if None. `hop` None means half a window.
    """

    def __init__(
        self,
        source: Source,
        frames: int,
        hop: int | None,
        config: WindowConfig,
        newest: bool = False,
        predicts: Sequence[str] | None = None,
    ):
        hop = max(1, frames // 2) if hop is None else hop
        check_hop(frames, min(hop, frames) if newest else hop)
        self.frames, self.config, self.newest = frames, config, newest
        self.clips, places, short = [], [], []
        for (subject, clip), members in split_at_gaps(source):
            lengths = [len(members[phase :: config.every]) for phase in range(config.every)]
            if lengths[0] < frames:
                short.append((lengths[0], f"{subject}/{clip}"))
                continue
            for phase, length in enumerate(lengths):
                if length >= frames:
                    starts = np.arange(0, length - frames + 1, hop) if newest else window_starts(length, frames, hop)
                    starts = phase + config.every * starts
                    places += [(len(self.clips), int(first)) for first in starts]
            self.clips.append(members)
        self._report(short)
        self.clip, self.first = np.array(places, np.int64).T
        table = as_table(source.examples)
        if newest:
            known = labeled(table, predicts)
        else:
            known = rated(table)
        known = known[self.counting()].any(1)
        if known.any():
            self.clip, self.first = self.clip[known], self.first[known]
        self.regular = len(self.first)
        if config.transitions and graded(table, predicts):
            self._add_transitions(table, predicts)

    def _add_transitions(self, table: Table, predicts: Sequence[str] | None) -> None:
        regular, span = (self.clip, self.first), self.config.every * (self.frames - 1)
        share = self.config.transitions
        clip, first = transition_windows(table, self.clips, regular, span, self.config.every, share, predicts)
        self.clip, self.first = np.append(self.clip, clip), np.append(self.first, first)

    def _report(self, short: list[tuple[int, str]]) -> None:
        names = ", ".join(f"{name} ({length})" for length, name in sorted(short, reverse=True)[:NAMED_CLIPS])
        if not self.clips:
            raise ValueError(
                f"none of {len(short)} clips has {self.frames} frames (longest first: {names}); choose shorter windows"
            )
        if short:
            logging.warning(
                "%d clips, or parts of clips between gaps, have fewer than %d frames and are dropped: %s",
                len(short),
                self.frames,
                names,
            )

    def __len__(self) -> int:
        return len(self.first)

    def units(self) -> Int[np.ndarray, "window frame"]:
        """Returns the source indices of each window, without variation."""
        places = self.first[:, None] + self.config.every * np.arange(self.frames)
        return np.stack([self.clips[clip][place] for clip, place in zip(self.clip, places, strict=True)])

    def counting(self) -> Int[np.ndarray, "window counting"]:
        """Returns the source indices of the frames of each window whose labels count."""
        units = self.units()
        return units[:, -1:] if self.newest else units

    def vary(self, number: int, rng: np.random.Generator) -> Int[np.ndarray, "frame"]:
        """Returns a window with random start and speed, around the same middle and inside its clip.

        The number of draws from `rng` does not depend on the options.
        """
        members = self.clips[self.clip[number]]
        steps = max(self.frames - 1, 1)
        jitter = rng.integers(-self.config.start_jitter, self.config.start_jitter, endpoint=True)
        speed = self.config.speed ** rng.uniform(-1, 1)
        whole = self.config.every * (self.frames - 1)
        span = min(whole * speed, len(members) - 1)
        start = np.clip(self.first[number] + jitter + (whole - span) / 2, 0, len(members) - 1 - span)
        return members[np.floor(start + span * np.arange(self.frames) / steps + 0.5).astype(np.int64)]
