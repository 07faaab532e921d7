"""Emotion intensity from action units, normalized by what the same person can show.

Source: Ouyang, Koesmahargyo, Galatzer-Levy and Zhang (emotion intensity from video), equations (1) and (2):

  intensity(t) = mean over the emotion's units of (left(t) + right(t)) / (max left + max right)

where the maxima are those of one person. The sum of the maxima of the two sides is at least the maximum of their sum,
so an intensity of 1 need not be reached. Here it is multiplied by 10; nothing is rounded (`quantities.intensity`).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from affect_jax.data.action_units.unit_traces import UnitTraces, join_traces
from affect_jax.emotions import EMOTION_UNITS

HIGHEST = 10.0
# A unit whose maximum (left plus right) is below this share of the source's scale never moves: what is left is noise,
# which would be scaled up to a full expression.
LEAST_MAXIMUM = 0.1


@dataclasses.dataclass(frozen=True)
class Intensities:
    """Intensities of one person's recordings."""

    value: dict[str, Float[np.ndarray, "frame"]]  # by emotion, in [0, 10]; 0 where unknown
    known: dict[str, Bool[np.ndarray, "frame"]]
    lacking: dict[str, tuple[int, ...]]  # units of an emotion that the source does not have; means are over the others
    still: tuple[int, ...]  # units that the person never moves; emotions with one of them are unknown

    def notes(self) -> list[str]:
        """What a user has to know about these labels, a sentence each."""
        found = []
        for emotion, units in self.lacking.items():
            left = [unit for unit in EMOTION_UNITS[emotion] if unit not in units]
            rest = f"of the mean of {_listed(left)}" if left else "unknown"
            found.append(f"'{emotion}' lacks {_listed(units)}, which the source does not have: its intensity is {rest}")
        if self.still:
            touched = [name for name, units in EMOTION_UNITS.items() if set(units) & set(self.still)]
            found.append(f"{_listed(self.still)} never moves: the intensity of {', '.join(touched)} is unknown")
        return found


def intensities(recordings: Sequence[UnitTraces], scale: float, causal: bool = False) -> list[Intensities]:
    """Intensities of all recordings of one person, whose maxima are taken over all of them.

    Args:
      recordings: of one person, in order.
      scale: the largest value of the source: 5 for OpenFace, 1 for rig coefficients and rendered faces.
      causal: whether the maximum at a frame is that of this and earlier frames only, as it would be known live. Frames
        before a unit first exceeds `LEAST_MAXIMUM` are then unknown.

    ValueError for recordings with different units.
    """
    whole = join_traces(recordings)
    normalized, moves = _normalize(whole, scale, causal)
    ends = np.cumsum([len(part) for part in recordings])[:-1]
    parts = zip(np.split(normalized, ends), np.split(moves & whole.found[:, None], ends), strict=True)
    still = tuple(unit for unit, moved in zip(whole.units, moves.any(0), strict=True) if not moved)
    return [_by_emotion(whole.units, values, known, still) for values, known in parts]


def _normalize(traces: UnitTraces, scale: float, causal: bool) -> tuple[np.ndarray, np.ndarray]:
    """Units relative to the person's maxima, and where these maxima are large enough; [frame, unit] both."""
    here = traces.found[:, None]
    sides = [np.where(here, np.nan_to_num(side), 0.0) for side in (traces.left, traces.right)]
    if causal:
        maximum = sum(np.maximum.accumulate(side, axis=0) for side in sides)
    else:
        highest = sum(side.max(0, initial=0.0) for side in sides)
        maximum = np.broadcast_to(highest, sides[0].shape)
    moves = maximum > LEAST_MAXIMUM * scale
    return np.clip(sum(sides) / np.where(moves, maximum, 1), 0, 1) * moves, moves


def _by_emotion(units: tuple[int, ...], values: np.ndarray, known: np.ndarray, still: tuple[int, ...]) -> Intensities:
    value, labeled, lacking = {}, {}, {}
    for emotion, wanted in EMOTION_UNITS.items():
        places = [units.index(unit) for unit in wanted if unit in units]
        if missing := tuple(unit for unit in wanted if unit not in units):
            lacking[emotion] = missing
        labeled[emotion] = known[:, places].all(1) if places else np.zeros(len(values), bool)
        mean = values[:, places].mean(1) if places else np.zeros(len(values))
        value[emotion] = np.where(labeled[emotion], HIGHEST * mean, 0.0)
    return Intensities(value, labeled, lacking, still)


def _listed(units: Sequence[int]) -> str:
    return ", ".join(f"AU{unit}" for unit in units)
