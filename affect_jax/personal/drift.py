"""Deviations of a person's days from their baseline, with a stated rate of false alarms.

The logarithms of daily expressiveness are taken as independent draws of one normal distribution. Half of the rate goes
to single days, which are compared with the baseline alone; the other half to changes that last, for which each day is
compared with all days before it.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from affect_jax.personal.baseline import Baseline, Day
from affect_jax.personal.control_chart import cumulative_sums, limit_for

RATE = 0.01  # false alarms per day
RATES = (1e-4, 0.2)  # limits of what can be asked for
LARGEST_DEVIATION = 37.0  # standard normal; beyond, probabilities underflow


@dataclasses.dataclass(frozen=True)
class Reference:
    """What is known about a person's days: the moments of the logarithm of their expressiveness."""

    count: int
    mean: float
    deviation: float  # standard, of samples (n - 1)
    noise_seconds: float  # squared standard error of a day times its seconds
    noise: float  # mean squared standard error of the days

    @classmethod
    def of(cls, days: Sequence[Day]) -> "Reference":
        """The reference of at least two days that can be compared."""
        logarithm = np.log([day.expressiveness for day in days])
        seconds = np.array([day.seconds for day in days])
        noise_seconds = np.average([day.noise_seconds for day in days], weights=seconds)
        noise = float((noise_seconds / seconds).mean())
        return cls(len(days), float(logarithm.mean()), float(logarithm.std(ddof=1)), float(noise_seconds), noise)

    def scale(self, seconds: float) -> float:
        """Standard deviation of the difference of a day from the mean; more than usual if the day is shorter.

        Source: the prediction of one further observation, Hahn and Meeker, Statistical Intervals, 1991, chapter 4.
        """
        more = max(0.0, self.noise_seconds / seconds - self.noise)
        return float(np.sqrt(self.deviation**2 * (1 + 1 / self.count) + more))

    def deviation_of(self, day: Day) -> float:
        """The difference of a day from the mean by its scale: Student's t with n - 1 degrees of freedom."""
        return (float(np.log(day.expressiveness)) - self.mean) / self.scale(day.seconds)

    def normal_deviation_of(self, day: Day) -> float:
        """The deviation as a standard normal one of the same probability.

        In order, each day against all before it, these are independent and exactly normal if nothing changes.
        Source: Quesenberry, Journal of Quality Technology 23(3), 1991, case UU.
        """
        deviation = self.deviation_of(day)
        normal = -special.ndtri(special.stdtr(self.count - 1, -abs(deviation)))
        return float(np.sign(deviation) * min(normal, LARGEST_DEVIATION))


@dataclasses.dataclass(frozen=True)
class Deviation:
    """A day beside the baseline; NaN where it cannot be compared."""

    day: str
    frames: int  # with the face
    seconds: float
    expressiveness: float
    ratio: float  # to the typical day, the geometric mean of the baseline
    low: float  # the usual range: a day outside is an alarm
    high: float
    deviation: float  # Student's t
    p_value: float  # of a day at least as unusual, in either direction
    sum_above: float  # evidence for a lasting increase, in standard deviations
    sum_below: float
    alarm_day: int  # 1: this day is unusual
    alarm_lasting: int  # 1: the days up to this one have changed together
    alarm: int  # 1: either
    problem: str  # why the day is not compared


def deviations(baseline: Baseline, days: Sequence[Day], rate: float = RATE) -> list[Deviation]:
    """Compares later days, in their order, with a baseline; ValueError if the rate is out of range.

    Args:
      baseline: of the person.
      days: later ones; those that cannot be compared count for nothing.
      rate: expected false alarms per day if nothing changes.
    """
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"the rate of false alarms is {rate:g} per day; expected {RATES[0]:g} to {RATES[1]:g}")
    reference = Reference.of(baseline.days)
    limit = limit_for(2 / rate)
    sums = cumulative_sums(np.array(_in_order(baseline, days)), limit)
    threshold = float(-special.stdtrit(reference.count - 1, rate / 4))
    found = []
    for place, day in enumerate(days):
        lasting = (float(sums.above[place]), float(sums.below[place]), bool(sums.alarm[place]))
        found.append(_compare(day, reference, threshold, lasting))
    return found


def _in_order(baseline: Baseline, days: Sequence[Day]) -> list[float]:
    """The normal deviation of each day from all days before it; NaN for a day that cannot be compared."""
    before = list(baseline.days)
    found = []
    for day in days:
        if day.problem:
            found.append(float("nan"))
        else:
            found.append(Reference.of(before).normal_deviation_of(day))
            before.append(day)
    return found


def _compare(day: Day, reference: Reference, threshold: float, lasting: tuple[float, float, bool]) -> Deviation:
    missing = float("nan")
    above, below, alarm_lasting = lasting
    facts = {"day": day.day, "frames": day.frames, "seconds": day.seconds, "expressiveness": day.expressiveness}
    sums = {"sum_above": above, "sum_below": below}
    if day.problem:
        known = dict.fromkeys(("ratio", "low", "high", "deviation", "p_value"), missing)
        return Deviation(**facts, **known, **sums, alarm_day=0, alarm_lasting=0, alarm=0, problem=day.problem)
    deviation = reference.deviation_of(day)
    usual = threshold * reference.scale(day.seconds)
    alarm_day = abs(deviation) > threshold
    return Deviation(
        **facts,
        ratio=float(np.exp(np.log(day.expressiveness) - reference.mean)),
        low=float(np.exp(reference.mean - usual)),
        high=float(np.exp(reference.mean + usual)),
        deviation=deviation,
        p_value=float(2 * special.stdtr(reference.count - 1, -abs(deviation))),
        **sums,
        alarm_day=int(alarm_day),
        alarm_lasting=int(alarm_lasting),
        alarm=int(alarm_day or alarm_lasting),
        problem="",
    )
