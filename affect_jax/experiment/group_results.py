"""The comparison of two groups as tables, notes and a plot."""

import collections
import pathlib
from collections.abc import Sequence

import numpy as np

from affect_jax.evaluate.group_comparison import Comparison
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.report.group_plot import Panel, draw_groups
from affect_jax.report.tables import markdown_table
from affect_jax.tables.writing import cell

WARNING = (
    "This is no diagnosis. It compares what one network sees in the faces of two groups of people. Age, culture, "
    "medication, camera, light, company, and how well the network reads each face differ between groups as well. A "
    "difference says nothing about a single person and does not name its cause; the lack of one is no sign of health."
)
RELATIVE = (
    "Intensities are relative: the labels they are learned from are divided by what each person shows at most. "
    "A group whose faces move less, but always by the same factor, has the same labels. This comparison cannot find "
    "that difference; it finds how often, when and how evenly people come close to their own maximum."
)
LEVEL = 0.05


def write_results(comparison: Comparison, concerns: Sequence[str], measured_with: str, output: pathlib.Path) -> None:
    """Writes the tables, groups.md and groups.png.

    Args:
      comparison: of two groups.
      concerns: what makes it weak or unfair, a sentence each.
      measured_with: the network.
      output: folder for the results; created if missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    tables = {
        "groups": summary_rows(comparison),
        "distribution": _distribution_rows(comparison),
        "trajectories": _trajectory_rows(comparison),
        "clusters": cluster_rows(comparison),
        "types": type_rows(comparison),
        "people": _people_rows(comparison),
    }
    for name, rows in tables.items():
        write_csv([{key: cell(value) for key, value in row.items()} for row in rows], output / f"{name}.csv")
    names = [f"{group.name} ({len(group)} people)" for group in comparison.groups]
    draw_groups(names, comparison.seconds + 0.5 / comparison.rate, _panels(comparison), WARNING, output / "groups.png")
    with open_atomically(output / "groups.md") as file:
        file.write(notes(comparison, concerns, measured_with) + "\n")


def summary_rows(comparison: Comparison) -> list[dict[str, object]]:
    """A row for each column: means over people, their difference, and the smallest p value over time."""
    found = []
    for each in comparison.columns:
        row: dict[str, object] = {"column": each.column}
        for group, means in zip(comparison.groups, each.person_means, strict=True):
            row[f"mean {group.name}"] = float(means.mean())
        difference, low, high = each.difference
        row |= {"difference": difference, "low": low, "high": high}
        row |= {"p_mean": each.means_p, "p_mean_adjusted": each.means_adjusted}
        row |= {"p_time": each.clusters.p_value, "p_time_adjusted": each.adjusted(each.clusters.p_value)}
        row["types"] = len(set(each.type_of().values()))
        found.append(row)
    return found


def cluster_rows(comparison: Comparison) -> list[dict[str, object]]:
    """A row for each stretch of time in which the groups differ at single moments, however unlikely it is."""
    found = []
    for each in comparison.columns:
        for cluster in each.clusters.found:
            first, last = (place / comparison.rate for place in (cluster.start, cluster.stop))
            higher = comparison.groups[int(cluster.mass > 0)].name
            row = {"column": each.column, "from_seconds": first, "to_seconds": last, "higher": higher}
            p_values = {"p_value": cluster.p_value, "p_adjusted": each.adjusted(cluster.p_value)}
            found.append({**row, "mass": abs(cluster.mass), **p_values})
    return found


def type_rows(comparison: Comparison) -> list[dict[str, object]]:
    """A row for each number of types, with its stability and what chance gives."""
    found = []
    for each in comparison.columns:
        if each.types is None:
            continue
        types = each.types
        for place, number in enumerate(types.numbers):
            row = {"column": each.column, "types": number, "stability": float(types.stability[place])}
            row |= {"spread": float(types.spread[place]), "spread_by_chance": float(types.usual_spread[place])}
            chance = {"stability_by_chance": float(types.usual[place])}
            p_values = {"p_value": types.p_value, "p_adjusted": each.types_adjusted}
            if number != types.best:
                p_values = dict.fromkeys(p_values, np.nan)
            stable = int(number == types.best and bool(each.type_of()))
            found.append({**row, **chance, **p_values, "found": stable})
    return found


def _distribution_rows(comparison: Comparison) -> list[dict[str, object]]:
    found = []
    for each in comparison.columns:
        for group, (mean, low, high) in zip(comparison.groups, each.shares, strict=True):
            for place, edges in enumerate(zip(each.edges[:-1], each.edges[1:], strict=True)):
                row = {"column": each.column, "group": group.name, "from": float(edges[0]), "to": float(edges[1])}
                found.append({**row, "share": float(mean[place]), "low": float(low[place]), "high": float(high[place])})
    return found


def _trajectory_rows(comparison: Comparison) -> list[dict[str, object]]:
    found = []
    for each in comparison.columns:
        for group, (mean, low, high) in zip(comparison.groups, each.curves, strict=True):
            for place, second in enumerate(comparison.seconds.tolist()):
                row = {"column": each.column, "group": group.name, "from_seconds": second, "mean": float(mean[place])}
                found.append({**row, "low": float(low[place]), "high": float(high[place])})
    return found


def _people_rows(comparison: Comparison) -> list[dict[str, object]]:
    found = []
    for side, group in enumerate(comparison.groups):
        for place, (name, recordings) in enumerate(zip(group.people, group.recordings, strict=True)):
            row: dict[str, object] = {"subject": name, "group": group.name, "recordings": len(recordings)}
            row["seconds"] = sum(each.whole_seconds for each in recordings)
            row["seconds_with_face"] = float(sum(each.seconds.sum() for each in recordings))
            for each in comparison.columns:
                row[f"{each.column}_mean"] = float(each.person_means[side][place])
                row[f"{each.column}_type"] = each.type_of().get(name, "")
            found.append(row)
    return found


def _panels(comparison: Comparison) -> list[Panel]:
    found = []
    for each in comparison.columns:
        clusters = []
        for cluster in each.clusters.found:
            first, last = (place / comparison.rate for place in (cluster.start, cluster.stop))
            clusters.append((first, last, each.adjusted(cluster.p_value)))
        shown = (each.column, each.edges, each.classes, each.shares, each.means_adjusted, each.curves, clusters)
        found.append(Panel(*shown))
    return found


def notes(comparison: Comparison, concerns: Sequence[str], measured_with: str) -> str:
    """The content of groups.md."""
    first, second = comparison.groups
    exact = (
        "all partitions"
        if comparison.columns[0].means_exact
        else f"{len(comparison.columns[0].clusters.null.values)} random partitions"
    )
    lines = [
        f"# {first.name} and {second.name}",
        "",
        f"**{WARNING}**",
        "",
        *([f"**{RELATIVE}**", ""] if any(each.classes for each in comparison.columns) else []),
        *(f"- Caution: {concern}." for concern in concerns),
        f"- {len(first)} people in '{first.name}', {len(second)} in '{second.name}'; measured with {measured_with}.",
        "",
        markdown_table(summary_rows(comparison)),
        "",
        f"- `difference`: '{second.name}' minus '{first.name}', of the means of people over their seen time, with a "
        "95 % bootstrap interval over people.",
        f"- `p_mean`: permutation test of that difference; `p_time`: cluster permutation test of the trajectories at "
        f"{comparison.rate:g} per second. People change groups, not frames ({exact}).",
        "- `adjusted`: Holm's correction for several columns, for each kind of test.",
        "- A cluster says that groups differ, and roughly when. Its first and last second are not tested.",
        f"- `types`: {_types_sentence(comparison)}",
    ]
    significant = [row for row in cluster_rows(comparison) if row["p_adjusted"] < LEVEL]
    if significant:
        lines += ["", "## When", "", markdown_table(significant)]
    return "\n".join(lines)


def _types_sentence(comparison: Comparison) -> str:
    """What was found about types of trajectories, in which columns."""
    found = []
    for each in comparison.columns:
        types = each.type_of()
        if types:
            counts = []
            for group in comparison.groups:
                count = collections.Counter(types[name] for name in group.people if name in types)
                numbers = " and ".join(str(count[number]) for number in range(1, each.types.best + 1))
                counts.append(f"{numbers} in '{group.name}'")
            found.append(f"{each.types.best} stable types in {each.column} ({'; '.join(counts)})")
    if found:
        return f"{', '.join(found)}; people.csv names the type of each person."
    if all(each.types is None for each in comparison.columns):
        return "not looked for, because too few people are seen throughout."
    return (
        "no types of trajectories are stable: other people of the same kind would be divided otherwise (types.csv has "
        "the stability of each number of types beside that of people without types)."
    )
