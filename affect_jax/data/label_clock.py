"""Labels of clips brought in time with what was seen: raters answer late, and their hands shake.

Only valence and arousal move: landmarks are of the picture, and emotions were named frame by frame.
"""

import dataclasses
import math

import numpy as np
from jaxtyping import UInt8

from affect_jax.data.clips import clip_frames, longest_gap_seconds
from affect_jax.data.source import Table, as_table
from affect_jax.ops.labels_over_time import KERNELS, smooth, without_delay
from affect_jax.types import Source


@dataclasses.dataclass(frozen=True)
class LabelClockConfig:
    """What is done to the valence and arousal of a data set's clips, smoothing first; 0 leaves them as they are.

    Of a data set that is trained on, labels move to the face they were given for. To judge by the challenges' rule,
    which delays predictions by as much before they are compared, give the data set of validation the same delay: that
    compares the same pairs but for the first `delay_seconds` of a clip, where the rule has nothing to compare.
    """

    delay_seconds: float = 0.0  # by which raters answer late; labels move earlier, the end of a clip has none
    smoothing_seconds: float = 0.0  # standard deviation of "gaussian", whole width of "average"
    smoothing: str = "gaussian"  # gaussian | average (centered)

    def __post_init__(self):
        if not (0 <= self.delay_seconds < math.inf and 0 <= self.smoothing_seconds < math.inf):
            raise ValueError(
                f"delay_seconds is {self.delay_seconds} and smoothing_seconds {self.smoothing_seconds}; expected 0 "
                "(as the labels are) or a positive number"
            )
        if self.smoothing not in KERNELS:
            raise ValueError(f"smoothing is '{self.smoothing}'; choose {' or '.join(KERNELS)}")

    @property
    def changes(self) -> bool:
        """Whether anything is done."""
        return bool(self.delay_seconds or self.smoothing_seconds)


class Reclocked:
    """A source with other valence and arousal; see `with_label_clock`."""

    def __init__(self, source: Source, config: LabelClockConfig):
        table = as_table(source.examples)
        values, weights = table.labels.valence_arousal.copy(), table.labels.valence_arousal_weight.copy()
        for members in clip_frames(source).values():
            times, known = table.time_seconds[members].astype(np.float64), weights[members]
            changed = smooth(times, values[members], known, config.smoothing_seconds, config.smoothing)
            gap = longest_gap_seconds(times)
            values[members], weights[members] = without_delay(times, changed, known, config.delay_seconds, gap)
        if table.labels.valence_arousal_weight.any() and not weights.any():
            raise ValueError(
                f"moved earlier by {config.delay_seconds:g} s, no frame of any clip has a label of valence and arousal "
                "left; delays are in seconds"
            )
        labels = dataclasses.replace(table.labels, valence_arousal=values, valence_arousal_weight=weights)
        columns = (table.names, table.subjects, table.clips, table.frames, table.time_seconds)
        self.source, self.label_set, self.examples = source, source.label_set, Table(*columns, labels)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of the same example; errors as of the source."""
        return self.source.image(index)


def with_label_clock(source: Source, config: LabelClockConfig) -> Source:
    """The source with its labels moved and smoothed, clip by clip; ValueError where there are photographs."""
    return Reclocked(source, config) if config.changes else source
