"""Runs that differ only in their seed as one line: mean, interval, and the paired difference to one of the lines."""

from collections.abc import Mapping, Sequence

import numpy as np

from affect_jax.metrics.seeds import t_interval

SEED = "seed"


def over_seeds(
    rows: Sequence[Mapping[str, object]], settings: Sequence[str], scores: Sequence[str], against: tuple | None = None
) -> list[dict[str, object]]:
    """One line for each combination of `settings`, in order of first appearance.

    Each of `scores` gives its mean over the seeds with the half-width of its 95 % t-interval, and how far it lies from
    the line `against` (a combination; None: the first), seed by seed, which is steadier than the difference of two
    means. Only that line itself has no difference.
    """
    groups: dict[tuple, dict[object, Mapping[str, object]]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in settings), {})[row.get(SEED)] = row
    base = groups[against] if against else next(iter(groups.values()), {})
    lines = []
    for key, runs in groups.items():
        line: dict[str, object] = {**dict(zip(settings, key, strict=True)), "runs": len(runs)}
        for score in scores:
            line[score] = interval([run[score] for run in runs.values() if score in run])
            if runs is not base:
                pairs = [(runs[seed], base[seed]) for seed in runs if seed in base]
                apart = [ours[score] - theirs[score] for ours, theirs in pairs if score in ours and score in theirs]
                line[f"{score}, difference"] = interval(apart, sign="+")
        lines.append(line)
    return lines


def interval(values: Sequence[float], sign: str = "") -> str:
    """ "0.731 ± 0.012"; without a width for a single run, "" for none."""
    if not values:
        return ""
    mean, half = t_interval(np.array(values, np.float64))
    return f"{mean:{sign}.3f}" + ("" if np.isnan(half) else f" ± {half:.3f}")
