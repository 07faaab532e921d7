"""Time-continuous annotation traces: resampling, reaction-lag compensation and smoothing.

A sample of weight 0 is missing: its value never affects a result, even if it is NaN.
"""

import numpy as np
from jaxtyping import Float

CLOCK_TOLERANCE_SECONDS = 1e-6  # time stamps in files are rounded, and frame rates are fractions
GAUSSIAN_REACH = 3  # standard deviations at which the kernel is truncated


def resample(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    at_seconds: Float[np.ndarray, "target"],
    longest_gap_seconds: float = np.inf,
) -> tuple[Float[np.ndarray, "target *rest"], Float[np.ndarray, "target"]]:
    """Interpolates a trace linearly at other times; returns the values and their weights.

    Nothing is extrapolated: value and weight are 0 before the first and after the last sample, next to a sample of
    weight 0, and between samples that are more than `longest_gap_seconds` apart. ValueError if the times do not
    increase.
    """
    _check_increasing(times_seconds)
    shape = (len(at_seconds), *values.shape[1:])
    if not len(times_seconds):
        return np.zeros(shape, values.dtype), np.zeros(len(at_seconds), weight.dtype)
    known = _zero_missing(values, weight)
    last = len(times_seconds) - 1
    after = np.searchsorted(times_seconds, at_seconds - CLOCK_TOLERANCE_SECONDS)
    right, left = np.minimum(after, last), np.clip(after - 1, 0, last)
    exact = (after <= last) & (times_seconds[right] <= at_seconds + CLOCK_TOLERANCE_SECONDS)
    gap = times_seconds[right] - times_seconds[left]
    between = (after > 0) & (after <= last) & (gap <= longest_gap_seconds + CLOCK_TOLERANCE_SECONDS)
    fraction = np.where(exact | (gap <= 0), 1.0, (at_seconds - times_seconds[left]) / np.where(gap > 0, gap, 1.0))
    interpolated_weight = np.where(between, np.minimum(weight[left], weight[right]), 0)
    new_weight = np.where(exact, weight[right], interpolated_weight)
    fraction = fraction.reshape(-1, *([1] * (values.ndim - 1)))
    blended = (1 - fraction) * known[left] + fraction * known[right]
    return _zero_missing(blended, new_weight).astype(values.dtype), new_weight.astype(weight.dtype)


def compensate_delay(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    delay_seconds: float,
    longest_gap_seconds: float = np.inf,
) -> tuple[Float[np.ndarray, "sample *rest"], Float[np.ndarray, "sample"]]:
    """Shifts labels earlier by the raters' reaction lag; the last `delay_seconds` get weight 0.

    Source: Mariooryad and Busso, IEEE Transactions on Affective Computing 6(2), 2015.
    """
    if delay_seconds < 0:
        raise ValueError(f"the delay is {delay_seconds} s, expected 0 or more: raters react after what they see")
    return resample(times_seconds, values, weight, times_seconds + delay_seconds, longest_gap_seconds)


def smooth(
    times_seconds: Float[np.ndarray, "sample"],
    values: Float[np.ndarray, "sample *rest"],
    weight: Float[np.ndarray, "sample"],
    width_seconds: float,
) -> Float[np.ndarray, "sample *rest"]:
    """Replaces each sample with a Gaussian mean of its neighborhood; samples of weight 0 are skipped and stay 0.

    `width_seconds` is the standard deviation. Near the ends of the trace the mean runs over the samples that exist.
    """
    if width_seconds < 0:
        raise ValueError(f"smoothing width is {width_seconds} s, expected 0 (no smoothing) or more")
    _check_increasing(times_seconds)
    known = _zero_missing(values, weight).astype(np.float64)
    if width_seconds == 0 or not len(values):
        return known.astype(values.dtype)
    column = lambda vector: vector.reshape(-1, *([1] * (values.ndim - 1)))
    total = known * column(weight)
    mass = weight.astype(np.float64)
    # All pairs of samples that are `lag` positions apart at once, until the kernel no longer reaches that far.
    for lag in range(1, len(times_seconds)):
        distance = times_seconds[lag:] - times_seconds[:-lag]
        kernel_weight = _kernel(distance, width_seconds)
        if not kernel_weight.any():
            break
        from_later = kernel_weight * weight[lag:]
        from_earlier = kernel_weight * weight[:-lag]
        total[:-lag] += column(from_later) * known[lag:]
        mass[:-lag] += from_later
        total[lag:] += column(from_earlier) * known[:-lag]
        mass[lag:] += from_earlier
    return _zero_missing(total / column(np.where(mass > 0, mass, 1)), weight).astype(values.dtype)


def _kernel(distance: np.ndarray, width_seconds: float) -> np.ndarray:
    inside = distance <= GAUSSIAN_REACH * width_seconds + CLOCK_TOLERANCE_SECONDS
    return np.where(inside, np.exp(-0.5 * (distance / width_seconds) ** 2), 0)


def _zero_missing(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sets missing values to 0, even if they are NaN."""
    return np.where((weight > 0).reshape(-1, *([1] * (values.ndim - 1))), values, 0)


def _check_increasing(times_seconds: np.ndarray) -> None:
    wrong = np.flatnonzero(np.diff(times_seconds) <= 0)
    if len(wrong):
        before, after = times_seconds[wrong[0] : wrong[0] + 2]
        raise ValueError(f"times must increase, but sample {wrong[0] + 1} at {after} s follows one at {before} s")
