"""Charts on days that are drawn from a distribution, for many people at once: ours and others, in several worlds."""

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from affect_jax.personal.control_chart import REFERENCE, limit_for
from affect_jax.personal.drift import RATE

OURS = "half each (ours)"
WORLDS = ("independent, normal", "heavy tails (t, 4)", "neighbors 0.3", "neighbors 0.6", "weekends 1 higher")


def sum_alarms(deviation: Float[np.ndarray, "person day"], rate: float) -> Bool[np.ndarray, "person day"]:
    """Alarms of `control_chart.cumulative_sums` for many people."""
    limit = limit_for(1 / rate)
    above, below = np.zeros((2, len(deviation)))
    alarm = np.zeros(deviation.shape, bool)
    for day in range(deviation.shape[1]):
        above = np.maximum(0, above + deviation[:, day] - REFERENCE)
        below = np.maximum(0, below - deviation[:, day] - REFERENCE)
        alarm[:, day] = np.maximum(above, below) > limit
        above[alarm[:, day]] = below[alarm[:, day]] = 0
    return alarm


def normal_deviations(days: Float[np.ndarray, "person day"], value: Float[np.ndarray, "person later"]) -> np.ndarray:
    """Deviations of values from the days before, as standard normal ones of the same probability."""
    count = days.shape[1]
    scale = days.std(1, ddof=1, keepdims=True) * np.sqrt(1 + 1 / count)
    student = (value - days.mean(1, keepdims=True)) / scale
    return -np.sign(student) * special.ndtri(special.stdtr(count - 1, -np.abs(student)))


def alarms(days: Float[np.ndarray, "person day"], count: int) -> dict[str, Bool[np.ndarray, "person later"]]:
    """Alarms on the days after the first `count`, by chart; each spends the same rate.

    Args:
      days: logarithms of expressiveness.
      count: days of the baseline.
    """
    fixed = normal_deviations(days[:, :count], days[:, count:])
    places = range(count, days.shape[1])
    growing = np.concatenate([normal_deviations(days[:, :end], days[:, end : end + 1]) for end in places], axis=1)
    p_value = 2 * special.ndtr(-np.abs(fixed))
    return {
        "single days": p_value < RATE,
        "sums, from all days before": sum_alarms(growing, RATE),
        "sums, from the baseline": sum_alarms(fixed, RATE),
        "single days at half of the rate": p_value < RATE / 2,
        "sums at half of the rate": sum_alarms(growing, RATE / 2),
        OURS: (p_value < RATE / 2) | sum_alarms(growing, RATE / 2),
    }


def draw(world: str, people: int, days: int, rng: np.random.Generator) -> Float[np.ndarray, "person day"]:
    """Logarithms of daily expressiveness in one of `WORLDS`."""
    if world.startswith("heavy"):
        return rng.standard_t(4, (people, days))
    normal = rng.standard_normal((people, days))
    if world.startswith("neighbors"):
        correlation = float(world.split()[1])
        for day in range(1, days):
            normal[:, day] = correlation * normal[:, day - 1] + np.sqrt(1 - correlation**2) * normal[:, day]
    if world.startswith("weekends"):
        normal += np.arange(days) % 7 >= 5
    return normal


def unusual_shares(days: int, people: int, rng: np.random.Generator) -> Float[np.ndarray, "person"]:
    """The true rate of unusual days of each person, whose baseline has its mean and spread by chance.

    Source: Jardim, Chakraborti and Epprecht, Production and Operations Management 28(6), 2019, on this distribution.
    """
    mean = rng.standard_normal(people) / np.sqrt(days)
    spread = np.sqrt(rng.chisquare(days - 1, people) / (days - 1))
    half = -special.stdtrit(days - 1, RATE / 4) * spread * np.sqrt(1 + 1 / days)
    return special.ndtr(mean - half) + special.ndtr(-mean - half)
