"""Traces of labels over time: brought to another clock, moved by the raters' delay, smoothed.

A sample of weight 0 is unknown: its value, whatever it is, goes into nothing.
"""

import numpy as np
from jaxtyping import Float

CLOCK_TOLERANCE_SECONDS = 1e-6  # times of files are rounded; frame rates are fractions
KERNELS = ("gaussian", "average")
GAUSSIAN_REACH = 3  # standard deviations, beyond which the kernel is cut


def resample(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    at_seconds: Float[np.ndarray, "target"],
    longest_gap_seconds: float = np.inf,
) -> tuple[Float[np.ndarray, "target *rest"], Float[np.ndarray, "target"]]:
    """Values at other times, by straight lines between neighboring samples, and their weights.

    Nothing is extrapolated: before the first and after the last sample, beside a sample of weight 0, and between
    samples further apart than `longest_gap_seconds` the weight is 0 and so is the value. ValueError for times that do
    not increase.
    """
    _check_increasing(times_seconds)
    shape = (len(at_seconds), *values.shape[1:])
    if not len(times_seconds):
        return np.zeros(shape, values.dtype), np.zeros(len(at_seconds), weight.dtype)
    known = _blank(values, weight)
    last = len(times_seconds) - 1
    after = np.searchsorted(times_seconds, at_seconds - CLOCK_TOLERANCE_SECONDS)
    right, left = np.minimum(after, last), np.clip(after - 1, 0, last)
    exact = (after <= last) & (times_seconds[right] <= at_seconds + CLOCK_TOLERANCE_SECONDS)
    gap = times_seconds[right] - times_seconds[left]
    between = (after > 0) & (after <= last) & (gap <= longest_gap_seconds + CLOCK_TOLERANCE_SECONDS)
    share = np.where(exact | (gap <= 0), 1.0, (at_seconds - times_seconds[left]) / np.where(gap > 0, gap, 1.0))
    found = np.where(exact, weight[right], np.where(between, np.minimum(weight[left], weight[right]), 0))
    share = share.reshape(-1, *([1] * (values.ndim - 1)))
    blended = (1 - share) * known[left] + share * known[right]
    return _blank(blended, found).astype(values.dtype), found.astype(weight.dtype)


def without_delay(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    delay_seconds: float,
    longest_gap_seconds: float = np.inf,
) -> tuple[Float[np.ndarray, "sample *rest"], Float[np.ndarray, "sample"]]:
    """What raters who react `delay_seconds` late said of each time: labels move earlier, the end has weight 0.

    Source: Mariooryad and Busso, IEEE Transactions on Affective Computing 6(2), 2015.
    """
    if delay_seconds < 0:
        raise ValueError(f"the delay is {delay_seconds} s, expected 0 or more: raters answer what they have seen")
    return resample(times_seconds, values, weight, times_seconds + delay_seconds, longest_gap_seconds)


def smooth(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    width_seconds: float,
    kernel: str = "gaussian",
) -> Float[np.ndarray, "sample *rest"]:
    """Weighted mean over the samples about each; samples of weight 0 take no part, and stay 0.

    `width_seconds` is the standard deviation of the kernel "gaussian" and the whole width of "average". At the ends
    the mean is over what there is.
    """
    if kernel not in KERNELS:
        raise ValueError(f"smoothing kernel is '{kernel}'; choose {' or '.join(KERNELS)}")
    if width_seconds < 0:
        raise ValueError(f"smoothing is over {width_seconds} s, expected 0 (none) or more")
    _check_increasing(times_seconds)
    known = _blank(values, weight).astype(np.float64)
    if width_seconds == 0 or not len(values):
        return known.astype(values.dtype)
    column = lambda numbers: numbers.reshape(-1, *([1] * (values.ndim - 1)))
    total, mass = known * column(weight), weight.astype(np.float64)
    for apart in range(1, len(times_seconds)):
        distance = times_seconds[apart:] - times_seconds[:-apart]
        share = _kernel(distance, width_seconds, kernel)
        if not share.any():
            break
        late, early = share * weight[apart:], share * weight[:-apart]
        total[:-apart] += column(late) * known[apart:]
        mass[:-apart] += late
        total[apart:] += column(early) * known[:-apart]
        mass[apart:] += early
    return _blank(total / column(np.where(mass > 0, mass, 1)), weight).astype(values.dtype)


def _kernel(distance: np.ndarray, width_seconds: float, kernel: str) -> np.ndarray:
    if kernel == "average":
        return (distance <= width_seconds / 2 + CLOCK_TOLERANCE_SECONDS).astype(np.float64)
    inside = distance <= GAUSSIAN_REACH * width_seconds + CLOCK_TOLERANCE_SECONDS
    return np.where(inside, np.exp(-0.5 * (distance / width_seconds) ** 2), 0)


def _blank(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Values with 0 where they are unknown, even if they were NaN."""
    return np.where((weight > 0).reshape(-1, *([1] * (values.ndim - 1))), values, 0)


def _check_increasing(times_seconds: np.ndarray) -> None:
    wrong = np.flatnonzero(np.diff(times_seconds) <= 0)
    if len(wrong):
        first = times_seconds[wrong[0] : wrong[0] + 2]
        raise ValueError(f"times must increase, but sample {wrong[0] + 1} at {first[1]} s follows one at {first[0]} s")
