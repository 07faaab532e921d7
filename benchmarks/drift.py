"""False alarms and power of launch.drift on rendered people, whose expressiveness changes on a known day.

  python -m benchmarks.drift --output=/tmp/drift               # without images: about half an hour
  python -m benchmarks.drift --output=/tmp/drift --part=power  # one part: measures, false_alarms, power, charts, worlds
  python -m benchmarks.drift --output=/tmp/drift --part=network --workdir=runs/quickstart/static  # with images

Days of people come from what an exact network would see (`rendered_days.py`); in the part "network", from a trained
network (`drift_network.py`), for fewer people. Prints Markdown tables and keeps them in OUTPUT/PART.md.
"""

import pathlib
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from jaxtyping import Bool, Float
from scipy import stats

from affect_jax.files.atomic import write_bytes
from affect_jax.personal.baseline import Baseline, Day
from affect_jax.personal.control_chart import cumulative_sums, limit_for
from affect_jax.personal.drift import RATE, Reference, deviations
from affect_jax.report.tables import markdown_table
from benchmarks.daily_measures import compare_measures
from benchmarks.drift_network import measure_network
from benchmarks.rendered_days import make_days

OUTPUT = flags.DEFINE_string("output", None, "Folder for the tables.", required=True)
PARTS = flags.DEFINE_list("part", ["measures", "false_alarms", "power", "charts", "worlds"], "Parts to measure.")
WORKDIR = flags.DEFINE_string("workdir", "", "Workdir of a trained network, for the part network.")
PEOPLE = flags.DEFINE_integer("people", 1000, "Rendered people; half of them for the power.")
DRAWN = flags.DEFINE_integer("drawn", 4000, "People whose days are drawn from a distribution.")

BASELINES = (5, 7, 10, 14, 28)  # days
LATER = 14  # days after the baseline
WITHIN = (1, 3, 7, 14)  # days after a change
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.25)
SHORT_CLIPS = 3  # of a short day: 36 s


def exact(hits: int, trials: int) -> str:
    """A share in percent with its 95 % interval of Clopper and Pearson."""
    interval = stats.binomtest(hits, trials).proportion_ci(0.95, "exact")
    return f"{100 * hits / trials:.2f} ({100 * interval.low:.2f} to {100 * interval.high:.2f})"


def per_day(alarms: Bool[np.ndarray, "person day"]) -> str:
    """Alarms per day in percent, with a 95 % interval over people, whose days share a baseline."""
    share = alarms.mean(1)
    half = stats.t.ppf(0.975, len(share) - 1) * share.std(ddof=1) / np.sqrt(len(share))
    return f"{100 * share.mean():.2f} ± {100 * half:.2f}"


def alarms_of(
    people: Sequence[tuple[Sequence[Day], Sequence[Day]]], days: int, rate: float = RATE
) -> tuple[Bool[np.ndarray, "person day"], Bool[np.ndarray, "person day"]]:
    """Single and lasting alarms of later days, against the last `days` of each person's days before."""
    single, lasting = [], []
    for before, later in people:
        found = deviations(Baseline("", {}, tuple(before[-days:])), later, rate)
        single.append([deviation.alarm_day for deviation in found])
        lasting.append([deviation.alarm_lasting for deviation in found])
    return np.array(single, bool), np.array(lasting, bool)


def measure_false_alarms() -> list[dict]:
    """Alarms of people who do not change, on days as long as the baseline's and on short ones."""
    long, short = [], []
    for person in range(PEOPLE.value):
        (days,) = make_days(person, 0, max(BASELINES) + LATER, (1.0,))
        before = days[: max(BASELINES)]
        long.append((before, days[max(BASELINES) :]))
        short.append((before, make_days(person, max(BASELINES), 3, (1.0,), SHORT_CLIPS)[0]))
    lines = []
    for days in BASELINES:
        single, lasting = alarms_of(long, days)
        lines.append(
            {
                "baseline days": days,
                "first later day unusual, %": exact(int(single[:, 0].sum()), len(long)),
                "unusual days, % of days": per_day(single),
                "lasting alarms, % of days": per_day(lasting),
                "either, % of days": per_day(single | lasting),
                "people with an alarm in 14 days, %": exact(int((single | lasting).any(1).sum()), len(long)),
                "short first day unusual, %": exact(int(alarms_of(short, days)[0][:, 0].sum()), len(long)),
                "without its longer error, %": exact(int(_naive(short, days).sum()), len(long)),
            }
        )
    return lines


def _naive(people: Sequence[tuple[Sequence[Day], Sequence[Day]]], days: int) -> Bool[np.ndarray, "person"]:
    """Whether the first later day is unusual if its shortness is ignored."""
    found = []
    for before, later in people:
        reference = Reference.of(before[-days:])
        deviation = (np.log(later[0].expressiveness) - reference.mean) / reference.scale(np.inf)
        found.append(2 * stats.t.sf(abs(deviation), days - 1) < RATE / 2)
    return np.array(found)


def measure_power() -> list[dict]:
    """Alarms of people whose expressiveness changes by a factor for good, after 7 days like the baseline."""
    usual, changed = [], []
    start = max(BASELINES)
    for person in range(PEOPLE.value // 2):
        (days,) = make_days(PEOPLE.value + person, 0, start + 7, (1.0,))
        usual.append(days)
        changed.append(make_days(PEOPLE.value + person, start + 7, LATER, FACTORS))
    lines = []
    for days in BASELINES:
        for place, factor in enumerate(FACTORS):
            people = [(own[:start], own[start:] + new[place]) for own, new in zip(usual, changed, strict=True)]
            single, lasting = (alarms[:, 7:] for alarms in alarms_of(people, days))
            line = {"baseline days": days, "expressiveness": f"x {factor}"}
            line["first day unusual, %"] = exact(int(single[:, 0].sum()), len(people))
            for within in WITHIN[1:]:
                hits = int((single | lasting)[:, :within].any(1).sum())
                line[f"alarm within {within} days, %"] = exact(hits, len(people))
            lines.append(line)
    return lines


def as_days(logarithm: Float[np.ndarray, "day"]) -> list[Day]:
    """Days of equal length whose expressiveness is given."""
    return [Day(str(number), 1, 120.0, float(np.exp(value)), 0.0) for number, value in enumerate(logarithm)]


def compare_charts() -> list[dict]:
    """Ways to spend the same rate of false alarms, on days drawn from a normal distribution."""
    lines = []
    for days in (7, 14, 28):
        for shift in (0.0, -1.0, -2.0, -3.0):
            drawn = np.random.default_rng((days, int(-shift))).standard_normal((DRAWN.value, days + 7 + LATER))
            drawn[:, days + 7 :] += shift
            found = [_chart_alarms(as_days(row), days) for row in drawn]
            for name in found[0]:
                alarms = np.array([own[name] for own in found])
                after = alarms[:, 7:] if shift else alarms
                cells = {f"within {within}": f"{100 * after[:, :within].any(1).mean():.0f}" for within in WITHIN}
                line = {"baseline days": days, "change, standard deviations": shift, "chart": name}
                lines.append({**line, **(cells if shift else {"alarms, % of days": per_day(alarms)})})
    return lines


def _chart_alarms(days: Sequence[Day], count: int) -> dict[str, Bool[np.ndarray, "day"]]:
    reference = Reference.of(days[:count])
    p_value = np.array([2 * stats.t.sf(abs(reference.deviation_of(day)), count - 1) for day in days[count:]])
    fixed = np.array([reference.normal_deviation_of(day) for day in days[count:]])
    growing = [Reference.of(days[:place]).normal_deviation_of(days[place]) for place in range(count, len(days))]
    sums = lambda deviation, rate: cumulative_sums(np.array(deviation), limit_for(1 / rate)).alarm
    return {
        "single days": p_value < RATE,
        "sums, all days before": sums(growing, RATE),
        "sums, baseline only": sums(fixed, RATE),
        "half each (ours)": (p_value < RATE / 2) | sums(growing, RATE / 2),
    }


def measure_worlds() -> list[dict]:
    """False alarms where days are not independent draws of one lognormal distribution."""
    lines = []
    for days in (7, 14, 28):
        for name in ("independent, normal", "heavy tails (t, 4)", "neighbors 0.3", "neighbors 0.6", "weekend 1 higher"):
            rng = np.random.default_rng((days, len(name)))
            people = []
            for _ in range(DRAWN.value):
                drawn = as_days(_world(name, days + LATER, rng))
                people.append((drawn[:days], drawn[days:]))
            single, lasting = alarms_of(people, days)
            line = {"baseline days": days, "world": name, "unusual days, % of days": per_day(single)}
            lines.append(
                {**line, "lasting, % of days": per_day(lasting), "either, % of days": per_day(single | lasting)}
            )
    return lines


def _world(name: str, days: int, rng: np.random.Generator) -> Float[np.ndarray, "day"]:
    """Logarithms of daily expressiveness, with a standard deviation of 1 within a kind of day."""
    normal = rng.standard_normal(days)
    if name.startswith("heavy"):
        return rng.standard_t(4, days)
    if name.startswith("neighbors"):
        correlation = float(name.split()[1])
        for day in range(1, days):
            normal[day] = correlation * normal[day - 1] + np.sqrt(1 - correlation**2) * normal[day]
    if name.startswith("weekend"):
        normal += np.arange(days) % 7 >= 5
    return normal


MEASUREMENTS = {
    "measures": compare_measures,
    "false_alarms": measure_false_alarms,
    "power": measure_power,
    "charts": compare_charts,
    "worlds": measure_worlds,
    "network": lambda: measure_network(pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value) / "network"),
}


def main(_: Sequence[str]) -> None:
    for part in PARTS.value:
        text = f"{part}\n\n{markdown_table(MEASUREMENTS[part]())}\n"
        print(text, flush=True)
        write_bytes(text.encode(), pathlib.Path(OUTPUT.value) / f"{part}.md")


if __name__ == "__main__":
    app.run(main)
