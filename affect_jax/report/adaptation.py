"""Means over people of scores of ways of adapting, and differences by person to simpler ways."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.metrics.bootstrap import mean_interval
from affect_jax.metrics.paired import Difference, paired_difference
from affect_jax.metrics.seeds import t_interval

Row = Mapping[str, object]
Setting = tuple[str, str, float]  # protocol, whether the neutral segment is given ("0" or "1"), share
BASE = "none"
SIMPLE = ("bias_scale", "ridge", "neutral_subtraction")  # what a more involved method has to beat
SCORES = ("ccc/mean", "icc/mean", "icc_2_1/mean", "pcc/mean", "rmse/mean", "ccc/valence", "ccc/arousal")
MAIN = "ccc/mean"
TITLES = {"ccc/mean": "CCC", "icc/mean": "ICC(3,1)", "pcc/mean": "PCC", "rmse/mean": "RMSE"}
QUESTIONS = (  # pairs of methods whose difference is asked for
    ("gated_experts", "uniform_experts"),
    ("gated_experts", "ridge"),
    ("experts", "ridge"),
    ("prior", "ridge"),
    ("prior", "bias_scale"),
)
PROTOCOLS = {
    ("random", "0"): "labels at random times",
    ("random", "1"): "labels at random times, neutral face",
    ("block", "0"): "labels of a block",
    ("block", "1"): "labels of a block, neutral face",
    ("none", "0"): "no labels",
    ("none", "1"): "no labels, neutral face",
}

ByPerson = dict[str, Mapping[str, float]]  # scores by "seed/subject"


def by_setting(rows: Sequence[Row]) -> dict[tuple[Setting, str], ByPerson]:
    """Scores of each person by setting and method."""
    found: dict[tuple[Setting, str], ByPerson] = {}
    for row in rows:
        setting = (str(row["protocol"]), str(row["neutral"]), float(str(row["share"])))
        people = found.setdefault((setting, str(row["method"])), {})
        people[f"{row['seed']}/{row['subject']}"] = {name: float(str(row[name])) for name in SCORES}
    return found


def summarize(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A line for each setting and method: means over people with 95 % intervals, and differences by person.

    Intervals are a bootstrap over people. Differences are of the mean CCC: to the network as it is, and to the best of
    the simple methods in the same setting, chosen after the fact, which favors it.
    """
    found = by_setting(rows)
    lines = []
    for (setting, method), people in found.items():
        line: dict[str, object] = {"protocol": setting[0], "neutral": setting[1], "share": setting[2], "method": method}
        line["people"] = len(people)
        for name in SCORES:
            values = np.array([scores[name] for scores in people.values()])
            line[name], line[f"{name}/low"], line[f"{name}/high"] = mean_interval(values)
        line["seed_half_width"] = _over_seeds(people)
        line |= _difference("to_base", people, found.get((setting, BASE)))
        simple = best_simple(found, setting)
        line["best_simple"] = simple
        if simple and method != simple:
            line |= _difference("to_simple", people, found[setting, simple])
        lines.append(line)
    return lines


def best_simple(found: Mapping[tuple[Setting, str], ByPerson], setting: Setting) -> str:
    """The simple method with the highest mean score in a setting; "" if there is none."""
    means = {}
    for method in SIMPLE:
        if people := found.get((setting, method)):
            means[method] = np.mean([scores[MAIN] for scores in people.values()])
    return max(means, key=lambda method: means[method]) if means else ""


def _over_seeds(people: ByPerson) -> float:
    """Half-width of the t-interval of the main score over the means of the seeds; NaN for a single seed."""
    seeds: dict[str, list[float]] = {}
    for name, scores in people.items():
        seeds.setdefault(name.partition("/")[0], []).append(scores[MAIN])
    return t_interval(np.array([np.mean(each) for each in seeds.values()]))[1]


def _difference(name: str, people: ByPerson, others: ByPerson | None) -> dict[str, object]:
    if not others or set(others) != set(people):
        return {}
    found = differences(people, others)
    return {name: found.mean, f"{name}/low": found.low, f"{name}/high": found.high, f"{name}/better": found.better}


def differences(people: ByPerson, others: ByPerson) -> Difference:
    """Differences of the main score by person."""
    main = lambda each: {name: scores[MAIN] for name, scores in each.items()}
    return paired_difference(main(people), main(others))


def question_table(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A line for each pair of `QUESTIONS` and protocol: differences of the mean CCC by person, at each share."""
    found = by_setting(rows)
    settings = sorted({setting for setting, _ in found}, key=lambda setting: setting[2])
    table = []
    for method, other in QUESTIONS:
        for protocol, title in PROTOCOLS.items():
            row: dict[str, object] = {"difference": f"{method} - {other}".replace("_", " "), "given": title}
            for setting in settings:
                pair = found.get((setting, method)), found.get((setting, other))
                if setting[:2] == protocol and setting[2] and all(pair):
                    row[f"{setting[2]:.0%}"] = interval(_difference("", *pair), "", "+")
            if len(row) > 2:
                table.append(row)
    return table


def share_tables(lines: Sequence[Mapping[str, object]]) -> dict[str, list[dict[str, object]]]:
    """For each protocol, by its title: a line for each method with the mean CCC and its interval at each share."""
    found = {}
    for setting, title in PROTOCOLS.items():
        own = [line for line in lines if (line["protocol"], line["neutral"]) == setting]
        rows: dict[str, dict[str, object]] = {}
        for line in sorted(own, key=lambda line: float(str(line["share"]))):
            name = str(line["method"]).replace("_", " ")
            rows.setdefault(name, {"method": name})[f"{line['share']:.0%}"] = interval(line, MAIN)
        if rows:
            found[title] = list(rows.values())
    return found


def score_table(
    lines: Sequence[Mapping[str, object]], protocol: str, neutral: str, share: float
) -> list[dict[str, object]]:
    """A line for each method in one setting: all scores, and the differences of the mean CCC by person."""
    found = []
    for line in lines:
        if (line["protocol"], line["neutral"], line["share"]) != (protocol, neutral, share):
            continue
        row: dict[str, object] = {"method": str(line["method"]).replace("_", " ")}
        for name, title in TITLES.items():
            row[title] = interval(line, name)
        row["CCC, difference to none"] = interval(line, "to_base", "+")
        row["CCC, difference to the best simple"] = interval(line, "to_simple", "+")
        found.append(row)
    return found


def interval(line: Mapping[str, object], name: str, sign: str = "") -> str:
    """Formats as in "0.731 [0.702, 0.755]"; "" if the line has no such value."""
    if name not in line:
        return ""
    low, high = line[f"{name}/low"], line[f"{name}/high"]
    return f"{line[name]:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
