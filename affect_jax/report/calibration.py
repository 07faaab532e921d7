"""Means over people of scores of intensity, with intervals, and differences by person to other ways of calibrating."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.metrics.bootstrap import mean_interval
from affect_jax.metrics.paired import paired_difference
from affect_jax.quantities.intensity import HIGHEST
from affect_jax.report.adaptation import BASE, interval

Row = Mapping[str, object]
RIVALS = ("neutral_subtraction", "siamese")  # what adaptive learning has to beat
SCORES = ("exact", "within_1", "within_2", "within_3", "kappa", "icc", "mae")
TITLES = {
    "exact": "exact",
    "within_2": "within 2",
    "within_3": "within 3",
    "kappa": "weighted kappa",
    "icc": "ICC(3,1)",
}
ASKED = ("exact", "within_2", "within_3", "kappa")  # whose differences are listed
ERRORS = tuple(range(-HIGHEST, HIGHEST + 1))  # predicted class less that of the label
VARIANT = ("method", "iterations", "learning_rate", "layers")  # what tells the lines of one setting apart

ByPerson = dict[str, float]  # by "seed/subject"


def people_scores(rows: Sequence[Row], score: str) -> ByPerson:
    """The scores of people for whom they are defined: kappa and ICC need a label that changes."""
    found = {f"{row['seed']}/{row['subject']}": float(str(row[f"{score}/mean"])) for row in rows}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def summarize(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A line for each variant of one setting: means with 95 % intervals over people, and differences by person.

    Intervals are a bootstrap over people. Differences are to the network as it is and to `RIVALS`.
    """
    variants: dict[tuple, list[Row]] = {}
    for row in rows:
        variants.setdefault(tuple(str(row.get(name, "")) for name in VARIANT), []).append(row)
    plain = {key[0]: own for key, own in variants.items() if not any(key[1:])}
    lines = []
    for key, own in variants.items():
        line: dict[str, object] = dict(zip(VARIANT, key, strict=True))
        line["people"] = len(own)
        for score in SCORES:
            line |= _with_interval(score, list(people_scores(own, score).values()))
        for other in (BASE, *RIVALS):
            if other in plain and own is not plain[other]:
                line |= _differences(other, own, plain[other])
        lines.append(line)
    return lines


def _with_interval(name: str, values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    mean, low, high = mean_interval(np.array(values))
    return {name: mean, f"{name}/low": low, f"{name}/high": high}


def _differences(other: str, own: Sequence[Row], others: Sequence[Row]) -> dict[str, object]:
    line: dict[str, object] = {}
    for score in ASKED:
        mine, theirs = people_scores(own, score), people_scores(others, score)
        if mine and set(mine) == set(theirs):
            found = paired_difference(mine, theirs)
            name = f"{score}-{other}"
            line |= {name: found.mean, f"{name}/low": found.low, f"{name}/high": found.high}
    return line


def variant_name(line: Mapping[str, object]) -> str:
    """A variant in words: "adaptive learning, 10 iterations, rate 0.01"."""
    name = str(line["method"]).replace("_", " ")
    words = [name]
    if iterations := str(line["iterations"]):
        words.append(f"{iterations} iteration{'s' * (iterations != '1')}")
    if rate := str(line["learning_rate"]):
        words.append(f"rate {rate}")
    if layers := str(line["layers"]):
        words.append(f"layers `{layers}`")
    return ", ".join(words)


def score_table(lines: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """A line for each variant: its scores with their intervals."""
    table = []
    for line in lines:
        row: dict[str, object] = {"method": variant_name(line), "people": line["people"]}
        table.append(row | {title: interval(line, name) for name, title in TITLES.items()})
    return table


def difference_table(lines: Sequence[Mapping[str, object]], other: str) -> list[dict[str, object]]:
    """A line for each variant: differences by person to another method; none if that was not run."""
    table = []
    for line in lines:
        found = {TITLES[name]: interval(line, f"{name}-{other}", "+") for name in ASKED}
        if any(found.values()):
            table.append({"method": variant_name(line), **found})
    return table


def error_shares(rows: Sequence[Row]) -> np.ndarray:
    """The share of each of `ERRORS`, the mean over people."""
    return np.array([[float(str(row[f"error/{error}"])) for error in ERRORS] for row in rows]).mean(0)
