"""False alarms and power of launch.drift on rendered people, whose expressiveness changes on a known day.

  python -m benchmarks.drift --output=/tmp/drift  # without images: about five minutes on a free core
  python -m benchmarks.drift --output=/tmp/drift --part=power  # one of them
  python -m benchmarks.drift --output=/tmp/drift --part=network --workdir=runs/quickstart/static  # with images

Days of people come from what an exact network would see (`rendered_days.py`); in the part "network", from a trained
network (`drift_network.py`), for fewer people. Prints Markdown tables and keeps them in OUTPUT/PART.md.
"""

import pathlib
from collections.abc import Sequence

import numpy as np
from absl import app, flags
from jaxtyping import Bool
from scipy import stats

from affect_jax.files.atomic import write_bytes
from affect_jax.personal.baseline import Baseline, Day
from affect_jax.personal.drift import RATE, Reference, deviations
from affect_jax.report.tables import markdown_table
from benchmarks.daily_measures import compare_measures
from benchmarks.drawn_days import OURS, WORLDS, alarms, draw, unusual_shares
from benchmarks.drift_network import measure_network
from benchmarks.rendered_days import make_days
from benchmarks.shares import exact

OUTPUT = flags.DEFINE_string("output", None, "Folder for the tables.", required=True)
PARTS = flags.DEFINE_list(
    "part", ["measures", "false_alarms", "power", "charts", "worlds", "people"], "Parts to measure."
)
WORKDIR = flags.DEFINE_string("workdir", "", "Workdir of a trained network, for the part network.")
PEOPLE = flags.DEFINE_integer("people", 1200, "Rendered people who do not change; a quarter as many do.")
DRAWN = flags.DEFINE_integer("drawn", 20_000, "People whose days are drawn from a distribution.")

BASELINES = (5, 7, 10, 14, 28)  # days
LATER = 14  # days after the baseline
WITHIN = (1, 3, 7, 14)  # days after a change
FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.25)
SHORT_CLIPS = 3  # of a short day: 36 s


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
    long, short, start = [], [], max(BASELINES)
    for person in range(PEOPLE.value):
        before = make_days(person, range(start))
        long.append((before, make_days(person, range(start, start + LATER))))
        short.append((before, make_days(person, [start], clips=SHORT_CLIPS)))
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
    for person in range(PEOPLE.value, PEOPLE.value + PEOPLE.value // 4):
        usual.append(make_days(person, range(start + 7)))
        later = range(start + 7, start + 7 + LATER)
        changed.append([make_days(person, later, factor) for factor in FACTORS])
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


def compare_charts() -> list[dict]:
    """Ways to spend the same rate of false alarms, on days drawn from a normal distribution."""
    lines = []
    for days in (7, 14, 28):
        rng = np.random.default_rng(days)
        usual = alarms(draw(WORLDS[0], DRAWN.value, days + 60, rng), days)
        shifts = {}
        for shift in (1.0, 2.0, 3.0):
            drawn = draw(WORLDS[0], DRAWN.value, days + 7 + LATER, rng)
            drawn[:, days + 7 :] -= shift
            shifts[shift] = alarms(drawn, days)
        for name in usual:
            line = {"baseline days": days, "chart": name, "false alarms, % of 60 days": per_day(usual[name])}
            for shift, found in shifts.items():
                shares = [100 * found[name][:, 7 : 7 + within].any(1).mean() for within in WITHIN]
                line[f"change of {shift:g} SD"] = " / ".join(f"{share:.0f}" for share in shares)
            lines.append(line)
    return lines


def measure_worlds() -> list[dict]:
    """False alarms in the first 14 days where days are not independent draws of one lognormal distribution."""
    lines = []
    for days in (7, 14, 28):
        for world in WORLDS:
            found = alarms(draw(world, DRAWN.value, days + LATER, np.random.default_rng(days)), days)
            shown = {
                "unusual days, %": found["single days at half of the rate"],
                "lasting, %": found["sums at half of the rate"],
                "either, %": found[OURS],
            }
            line = {"baseline days": days, "world": world}
            lines.append({**line, **{name: per_day(values) for name, values in shown.items()}})
    return lines


def measure_people() -> list[dict]:
    """How the true rate of unusual days, stated as 0.5 %, differs between people with baselines of the same length."""
    lines = []
    for days in (*BASELINES, 60):
        shares = 100 * unusual_shares(days, DRAWN.value, np.random.default_rng(days))
        line = {"baseline days": days, "mean, %": f"{shares.mean():.2f}"}
        for level in (0.5, 0.9, 0.95):
            line[f"{100 * level:g} % of people below, %"] = f"{np.quantile(shares, level):.2f}"
        lines.append(line)
    return lines


MEASUREMENTS = {
    "measures": compare_measures,
    "false_alarms": measure_false_alarms,
    "power": measure_power,
    "charts": compare_charts,
    "worlds": measure_worlds,
    "people": measure_people,
    "network": lambda: measure_network(pathlib.Path(WORKDIR.value), pathlib.Path(OUTPUT.value) / "network"),
}


def main(_: Sequence[str]) -> None:
    for part in PARTS.value:
        text = f"{part}\n\n{markdown_table(MEASUREMENTS[part]())}\n"
        print(text, flush=True)
        write_bytes(text.encode(), pathlib.Path(OUTPUT.value) / f"{part}.md")


if __name__ == "__main__":
    app.run(main)
