"""How much a face shows in a day: how far valence and arousal go from where they usually are."""

import dataclasses

import numpy as np
from jaxtyping import Float

NAME = "root mean square distance of valence and arousal from their median of the day"
BLOCK_SECONDS, MOST_BLOCKS = 10.0, 20  # expressions last some seconds, so blocks are nearly independent
FEWEST_SECONDS = 3 * BLOCK_SECONDS  # of a seen face in a day; below, its uncertainty is unknown


@dataclasses.dataclass(frozen=True)
class Expressiveness:
    """The expressiveness of one day."""

    value: float  # 0 = a face that does not change; the axes reach from -1 to 1
    seconds: float  # in which the face was seen
    noise_seconds: float  # squared relative standard error times `seconds`; NaN if there are too few seconds


def measure(valence_arousal: Float[np.ndarray, "frame 2"], seconds: Float[np.ndarray, "frame"]) -> Expressiveness:
    """Root mean square distance from the median of the day, and its uncertainty.

    The median of each axis makes it blind to what shifts all frames of a day alike, as another camera may, and a root
    mean square differs less from day to day than a mean, a median or an interquartile range (docs/results/drift.md).
    Its error comes from the spread of means over blocks of consecutive frames, because neighboring frames are alike.

    Args:
      valence_arousal: of the frames with the face, in order; frames that are not finite do not count.
      seconds: how long each frame stands.

    Source of the error: batch means, as in Law, Simulation Modeling and Analysis, 5th edition, 2015, chapter 9.
    """
    known = np.isfinite(valence_arousal).all(-1) & (seconds > 0)
    values, weight = valence_arousal[known].astype(np.float64), seconds[known].astype(np.float64)
    total = float(weight.sum())
    if not total:
        return Expressiveness(float("nan"), 0.0, float("nan"))
    center = [np.quantile(column, 0.5, weights=weight, method="inverted_cdf") for column in values.T]
    squared = ((values - center) ** 2).sum(-1)
    mean = float(weight @ squared / total)
    return Expressiveness(float(np.sqrt(mean)), total, _noise(squared, weight, mean))


def _noise(squared: Float[np.ndarray, "frame"], weight: Float[np.ndarray, "frame"], mean: float) -> float:
    """Squared relative standard error of the square root of the mean, times the seconds."""
    total = weight.sum()
    if total < FEWEST_SECONDS or not mean:
        return float("nan")
    block_seconds = max(BLOCK_SECONDS, total / MOST_BLOCKS)
    block = ((np.cumsum(weight) - weight / 2) // block_seconds).astype(int)  # by the middle of each frame
    length = np.bincount(block, weight)
    length, means = length[length > 0], np.bincount(block, weight * squared)[length > 0] / length[length > 0]
    count = len(means)
    variance = (length**2 @ (means - mean) ** 2) / total**2 * count / (count - 1)
    return float(variance / (2 * mean) ** 2 * total)  # the derivative of log sqrt(mean) is 1 / (2 mean)
