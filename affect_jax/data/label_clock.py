"""Labels of clips brought in time with what was seen: raters answer late, and their hands shake.

Only quantities that were traced while watching move: landmarks are of the image, emotions were named frame by frame.
"""

import dataclasses
import math

import numpy as np
from jaxtyping import UInt8

from affect_jax.data.clips import clip_frames, longest_gap_seconds
from affect_jax.data.source import Table, as_table
from affect_jax.ops.labels_over_time import KERNELS, compensate_delay, smooth
from affect_jax.quantities.registry import quantity
from affect_jax.types import Label, Source


@dataclasses.dataclass(frozen=True)
class LabelClockConfig:
    """What is done to the traced labels of a data set's clips, smoothing first; 0 leaves them as they are.

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
    """A source with other labels; see `with_label_clock`."""

    def __init__(self, source: Source, config: LabelClockConfig):
        table = as_table(source.examples)
        traced = [name for name in table.labels if quantity(name).traced]
        moved = {name: _moved(source, table, table.labels[name], config) for name in traced}
        before = any(table.labels[name].weight.any() for name in traced)
        if before and not any(label.weight.any() for label in moved.values()):
            raise ValueError(
                f"moved earlier by {config.delay_seconds:g} s, no frame of any clip has a label of {', '.join(traced)} "
                "left; delays are in seconds"
            )
        self.source, self.label_set = source, source.label_set
        self.examples = table.relabel(table.labels.replace(**moved))

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of the same example; errors as of the source."""
        return self.source.image(index)


def _moved(source: Source, table: Table, label: Label, config: LabelClockConfig) -> Label:
    """Labels of one quantity, smoothed and then moved, clip by clip."""
    values, weights = label.value.copy(), label.weight.copy()
    for members in clip_frames(source).values():
        times, known = table.time_seconds[members].astype(np.float64), weights[members]
        changed = smooth(times, values[members], known, config.smoothing_seconds, config.smoothing)
        gap = longest_gap_seconds(times)
        values[members], weights[members] = compensate_delay(times, changed, known, config.delay_seconds, gap)
    return Label(values, weights)


def with_label_clock(source: Source, config: LabelClockConfig) -> Source:
    """The source with its labels moved and smoothed, clip by clip; ValueError where there are photographs."""
    return Reclocked(source, config) if config.changes else source
