"""Scores of networks against the number of training clips and training steps, with intervals over seeds."""

import collections
import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np
from absl import logging
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, SERIES
from affect_jax.files.atomic import write_bytes
from affect_jax.metrics.seeds import t_interval

ALL = Fraction(1)
MARKERS = "osD^vP"
DASHES = ((0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)), (0, (9, 3)))
OFFSET = 0.05  # octaves between the bars of two networks at the same share, so that both are visible
INTERVAL = "95 % t-interval over seeds"


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run: its settings and scores."""

    label: str
    seed: str
    share: Fraction  # of the training clips
    score: float
    course: Mapping[int, float]  # score during training by step; {0: score} for a network that was not trained


@dataclasses.dataclass(frozen=True)
class Curve:
    """Mean over seeds, with the half-width of its interval (NaN for a single seed)."""

    at: Float[np.ndarray, "point"]
    mean: Float[np.ndarray, "point"]
    half: Float[np.ndarray, "point"]


def over_shares(runs: Sequence[Run]) -> dict[str, Curve]:
    """The score of each network against the share of clips, for networks trained on more than one share."""
    found: dict[str, dict[Fraction, list[float]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in runs:
        found[run.label][run.share].append(run.score)
    return {label: _curve(shares) for label, shares in found.items() if len(shares) > 1}


def over_steps(runs: Sequence[Run]) -> dict[str, Curve]:
    """The score during training of each network at the steps where all seeds were evaluated, for runs on all clips."""
    found: dict[str, list[Mapping[int, float]]] = collections.defaultdict(list)
    for run in runs:
        if run.share == ALL:
            found[run.label].append(run.course)
    curves = {}
    for label, courses in found.items():
        steps = set.intersection(*(set(course) for course in courses))
        if steps:
            curves[label] = _curve({step: [course[step] for course in courses] for step in steps})
        else:
            logging.warning("'%s': no step at which all seeds were evaluated; omitting its curve", label)
    return curves


def _curve(values: Mapping) -> Curve:
    at = sorted(values)
    intervals = np.array([t_interval(np.array(values[each], np.float64)) for each in at])
    return Curve(np.array(at, np.float64), intervals[:, 0], intervals[:, 1])


def draw_comparison(runs: Sequence[Run], names: tuple[str, str], path: pathlib.Path) -> None:
    """Draws the score against the share of clips (if it varies) on the left, the one during training on the right.

    Networks that were not trained are dashed horizontal lines. `names` of the two scores label the vertical axes.
    """
    shares = over_shares(runs)
    steps = over_steps(runs)
    levels = [label for label, curve in steps.items() if not curve.at.any()]
    curves = [label for label in dict.fromkeys((*steps, *shares)) if label not in levels]
    styles = {label: _curve_style(number) for number, label in enumerate(curves)}
    styles |= {label: _level_style(number) for number, label in enumerate(levels)}
    figure = make_figure(11.0 if shares else 6.5, 4.9)
    panels = figure.subplots(1, 2 if shares else 1, squeeze=False)[0]
    if shares:
        _draw_shares(panels[0], shares, styles)
        _draw_levels(panels[0], {label: _mean_score(runs, label) for label in levels}, styles)
        style_axes(panels[0], f"Training clips (bars: {INTERVAL})")
        panels[0].set_ylabel(names[0], fontsize=9)
    _draw_steps(panels[-1], {label: steps[label] for label in curves if label in steps}, styles)
    _draw_levels(panels[-1], {label: steps[label].mean[0] for label in levels}, styles)
    style_axes(panels[-1], f"Training steps (bands: {INTERVAL})")
    panels[-1].set_ylabel(names[1], fontsize=9)
    _draw_legend(figure, panels, list(styles), columns=4 if shares else 2)
    write_bytes(to_png(figure), path)


def _mean_score(runs: Sequence[Run], label: str) -> float:
    """Mean score of a network trained on all clips."""
    return float(np.mean([run.score for run in runs if run.label == label and run.share == ALL]))


def _draw_legend(figure: Figure, panels: Iterable[Axes], labels: Sequence[str], columns: int) -> None:
    """One entry for each label that any panel shows."""
    handles = {}
    for panel in panels:
        handles |= {line.get_label(): line for line in panel.get_lines()}
    shown = [label for label in labels if label in handles]
    figure.legend(
        [handles[label] for label in shown],
        shown,
        loc="outside lower center",
        ncols=min(len(shown), columns),
        frameon=False,
        fontsize=9,
        handlelength=3,
    )


def _curve_style(number: int) -> dict[str, object]:
    return {
        "color": SERIES[number % len(SERIES)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": ("-", (0, (4, 1)))[number // len(SERIES) % 2],
        "linewidth": 1.8,
        "markersize": 5,
    }


def _level_style(number: int) -> dict[str, object]:
    color = (INK, GRAY)[number % 2]
    return {"color": color, "linestyle": DASHES[number % len(DASHES)], "linewidth": 1.4}


def _draw_shares(axes, shares: Mapping[str, Curve], styles: Mapping[str, Mapping]) -> None:
    for number, (label, curve) in enumerate(shares.items()):
        at = curve.at * 2 ** (OFFSET * (number - (len(shares) - 1) / 2))
        axes.plot(at, curve.mean, label=label, **styles[label])
        axes.errorbar(at, curve.mean, curve.half, fmt="none", ecolor=styles[label]["color"], elinewidth=1.2, capsize=3)
    axes.set_xscale("log", base=2)
    ticks = np.unique(np.concatenate([curve.at for curve in shares.values()]))
    axes.set_xticks(ticks, [_share_name(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("share of the training clips", fontsize=9)


def _share_name(share: float) -> str:
    fraction = Fraction(share).limit_denominator(1000)
    return "all" if fraction == ALL else str(fraction)


def _draw_steps(axes, steps: Mapping[str, Curve], styles: Mapping[str, Mapping]) -> None:
    for label, curve in steps.items():
        axes.plot(curve.at, curve.mean, label=label, **styles[label])
        low, high = curve.mean - curve.half, curve.mean + curve.half
        axes.fill_between(curve.at, low, high, color=styles[label]["color"], alpha=0.15, linewidth=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("training steps, including a first phase", fontsize=9)


def _draw_levels(axes, levels: Mapping[str, float], styles: Mapping[str, Mapping]) -> None:
    for label, level in levels.items():
        axes.axhline(level, label=label, **styles[label])
