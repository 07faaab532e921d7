"""A cumulative sum chart of normal deviations: notices small changes that last, at a known rate of false alarms.

Sources: Page, Biometrika 41(1), 1954; Montgomery, Introduction to Statistical Quality Control, 7th edition, 2013, 9.1.
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Bool, Float
from scipy import optimize, stats

REFERENCE = 0.5  # standard deviations that each day takes off; best for changes of 1, the usual choice
NODES = 60  # of the quadrature; the average run length is then exact to 1e-6 of it up to a limit of 10


@dataclasses.dataclass(frozen=True)
class Sums:
    """The sums after each day, before they start again at 0 where one of them is above the limit."""

    above: Float[np.ndarray, "day"]  # evidence for a lasting increase, in standard deviations
    below: Float[np.ndarray, "day"]  # and for a lasting decrease
    alarm: Bool[np.ndarray, "day"]


def cumulative_sums(deviation: Float[np.ndarray, "day"], limit: float) -> Sums:
    """The two one-sided sums of standard normal deviations; a day that is NaN changes nothing.

    Source: the tabular chart of Montgomery, 9.1.2; after an alarm it is started again, as there.
    """
    above, below = np.zeros((2, len(deviation) + 1))
    alarm = np.zeros(len(deviation), bool)
    for day, value in enumerate(deviation):
        start = (0.0, 0.0) if day and alarm[day - 1] else (above[day], below[day])
        known = not np.isnan(value)
        above[day + 1] = max(0.0, start[0] + value - REFERENCE) if known else start[0]
        below[day + 1] = max(0.0, start[1] - value - REFERENCE) if known else start[1]
        alarm[day] = known and max(above[day + 1], below[day + 1]) > limit
    return Sums(above[1:], below[1:], alarm)


def average_run_length(limit: float) -> float:
    """Expected days until the first alarm of the two sums if nothing changes; an alarm is a sum above `limit`.

    Source: the integral equation of Page, 1954, with Gauss-Legendre quadrature as in Goel and Wu, Technometrics 13(2),
    1971. The rates of alarms of the two sides add up (Montgomery, 9.1).
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    starts = np.concatenate([[0.0], (nodes + 1) * limit / 2])
    step = REFERENCE - starts[:, None]
    kernel = np.empty((NODES + 1, NODES + 1))
    kernel[:, :1] = stats.norm.cdf(step)  # the sum falls back to 0
    kernel[:, 1:] = stats.norm.pdf(starts[1:] + step) * weights * limit / 2
    one_sided = np.linalg.solve(np.eye(NODES + 1) - kernel, np.ones(NODES + 1))[0]
    return float(one_sided / 2)


@functools.cache
def limit_for(days: float) -> float:
    """The limit with an average run length of that many days (from 10 to 1e6) if nothing changes."""
    if not 10 <= days <= 1e6:
        raise ValueError(f"an average run length of {days:g} days; expected 10 to 1e6")
    return float(optimize.brentq(lambda limit: np.log(average_run_length(limit) / days), 0.5, 15.0, xtol=1e-12))
