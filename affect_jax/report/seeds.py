"""Aggregates runs that differ only in their seed: mean, interval, and paired difference to a baseline."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.metrics.seeds import t_interval

SEED = "seed"


def aggregate_seeds(
    rows: Sequence[Mapping[str, object]], settings: Sequence[str], scores: Sequence[str], against: tuple | None = None
) -> list[dict[str, object]]:
    """One line per combination of `settings`, in order of first appearance.

    For each of `scores`, a line has the mean over the seeds with the half-width of its 95 % t-interval, and the same of
    its difference to the baseline `against` (a combination; None: the first) with the same seed, which varies less than
    the difference of two means. The baseline itself has no difference.
    """
    groups: dict[tuple, dict[object, Mapping[str, object]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in settings), {})[row.get(SEED)] = row
    base = groups[against] if against else next(iter(groups.values()), {})
    lines = []
    for key, runs in groups.items():
        line: dict[str, object] = {**dict(zip(settings, key, strict=True)), "runs": len(runs)}
        for score in scores:
            line[score] = format_interval([run[score] for run in runs.values() if score in run])
            if runs is not base:
                line[f"{score}, difference"] = format_interval(_differences(runs, base, score), sign="+")
        lines.append(line)
    return lines


def _differences(runs: Mapping, base: Mapping, score: str) -> list[float]:
    """Differences of a score to the baseline, seed by seed."""
    found = []
    for seed, run in runs.items():
        if seed in base and score in run and score in base[seed]:
            found.append(run[score] - base[seed][score])
    return found


def format_interval(values: Sequence[float], sign: str = "") -> str:
    """Formats as in "0.731 ± 0.012"; without a width for a single value, and "" for none."""
    if not values:
        return ""
    mean, half = t_interval(np.array(values, np.float64))
    return f"{mean:{sign}.3f}" + ("" if np.isnan(half) else f" ± {half:.3f}")
