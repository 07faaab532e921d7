"""Compensates the reaction lag of annotators in the labels of clips, and smooths their jitter.

Only quantities annotated continuously while watching are shifted; landmarks and frame-wise emotions are not.
"""

import dataclasses
import math

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax.data.clips import clip_frames, longest_gap_seconds
from affect_jax.data.source import Table, as_table
from affect_jax.ops.labels_over_time import compensate_delay, smooth
from affect_jax.quantities.registry import quantity
from affect_jax.types import Label, Source


@dataclasses.dataclass(frozen=True)
class LabelClockConfig:
    """Smoothing and shifting of continuous labels, in that order; 0 disables either.

    For a training set, labels move to the frame they were given for. Challenges delay the predictions by as much before
    scoring them. To follow that rule, set the same delay for the validation set: it compares the same pairs except for
    the first `delay_seconds` of a clip, where the rule has nothing to compare.
    """

    delay_seconds: float = (
        0.0  # reaction lag of annotators; labels move earlier, and the end of a clip loses its labels
    )
    smoothing_seconds: float = 0.0  # standard deviation of a Gaussian around each frame

    def __post_init__(self):
        if not (0 <= self.delay_seconds < math.inf and 0 <= self.smoothing_seconds < math.inf):
            raise ValueError(
                f"delay_seconds is {self.delay_seconds} and smoothing_seconds {self.smoothing_seconds}; expected 0 "
                "(labels as they are) or a positive number"
            )

    @property
    def changes(self) -> bool:
        """Whether any option is enabled."""
        return bool(self.delay_seconds or self.smoothing_seconds)


class RetimedLabels:
    """A source with retimed labels; see `with_label_clock`."""

    def __init__(self, source: Source, config: LabelClockConfig):
        table = as_table(source.examples)
        traced = [name for name in table.labels if quantity(name).traced]
        moved = {name: _moved(source, table, table.labels[name], config) for name in traced}
        labeled = any(table.labels[name].weight.any() for name in traced)
        if not labeled:
            logging.warning("%s has no effect: the data have no labels that are given over time", config)
        if labeled and not any(label.weight.any() for label in moved.values()):
            raise ValueError(
                f"after moving labels earlier by {config.delay_seconds:g} s, no frame of any clip has a label of "
                f"{', '.join(traced)} left; delays are in seconds"
            )
        self.source, self.label_set = source, source.label_set
        self.examples = table.relabel(table.labels.replace(**moved))

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the pixels of the same example; raises the errors of the source."""
        return self.source.image(index)


def _moved(source: Source, table: Table, label: Label, config: LabelClockConfig) -> Label:
    """Smooths, then shifts, the labels of one quantity, clip by clip."""
    values, weights = label.value.copy(), label.weight.copy()
    for members in clip_frames(source).values():
        times, known = table.time_seconds[members].astype(np.float64), weights[members]
        changed = smooth(times, values[members], known, config.smoothing_seconds)
        gap = longest_gap_seconds(times)
        values[members], weights[members] = compensate_delay(times, changed, known, config.delay_seconds, gap)
    return Label(values, weights)


def with_label_clock(source: Source, config: LabelClockConfig) -> Source:
    """Returns the source with labels smoothed and shifted within each clip; ValueError if it contains stills."""
    return RetimedLabels(source, config) if config.changes else source
