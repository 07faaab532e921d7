"""Parallel coordinates: one curve per run through its values of several options, colored by its score."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from affect_jax.draw.axes import make_figure
from affect_jax.draw.colors import GRAY, INK

# From yellow to dark purple, so that low scores recede; equal steps look equal, also with deuteranopia and protanopia.
COLORS = ListedColormap(colormaps["viridis_r"](np.linspace(0.06, 1.0, 256)))
CURVE_POINTS = 40  # of a curve between two axes
SPREAD = 0.07  # height over which runs that share a value are fanned out
AXIS_INCHES, HIGH_INCHES = 1.75, 4.2
BAR_WIDTH = 0.05  # of the score's axis, in distances between two axes
TICKS = 5  # at most, of an axis of numbers


@dataclasses.dataclass(frozen=True)
class Option:
    """The values of one option, one for each run, and what is written above its axis."""

    name: str  # dotted
    values: Sequence[float | str]  # numbers, or the names of choices
    log: bool = False  # whether equal factors are equally far apart
    note: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether the values are names."""
        return any(isinstance(value, str) for value in self.values)


def draw_parallel(
    options: Sequence[Option], scores: Sequence[float | None], score: tuple[str, str], title: str
) -> Figure:
    """Draws all runs; those without a score are dashed and end before the axis of the score.

    Args:
        options: one axis each, from left to right.
        scores: one for each run, the color of its curve; None if it has none.
        score: name of the score, and of the data that it is of.
        title: what is shown.
    """
    figure = make_figure(AXIS_INCHES * (len(options) + 1.2), HIGH_INCHES)
    axes = figure.subplots()
    scored = np.array([value for value in scores if value is not None], np.float64)
    norm = Normalize(scored.min(), scored.max()) if scored.size else Normalize(0, 1)
    heights = [_heights(option, _order(scores)) for option in options]
    for run in np.argsort([-np.inf if value is None else value for value in scores], kind="stable"):
        _draw_run(axes, np.array([height[run] for height in heights]), scores[run], norm)
    for place, option in enumerate(options):
        _draw_axis(axes, place, option)
    _draw_score_axis(axes, len(options), scored, norm)
    _write_heading(axes, len(options), *score)
    axes.set_xlim(-0.35, len(options) + 0.6)
    axes.set_ylim(-0.06, 1.3)
    axes.set_axis_off()
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
    return figure


def _order(scores: Sequence[float | None]) -> Float[np.ndarray, "run"]:
    """From 0 for the run with the lowest score to 1 for the highest."""
    ranks = np.argsort(np.argsort([-np.inf if value is None else value for value in scores], kind="stable"))
    return ranks / max(len(scores) - 1, 1)


def _heights(option: Option, order: Float[np.ndarray, "run"]) -> Float[np.ndarray, "run"]:
    """Where the runs cross an axis, from 0 to 1; runs that share values are fanned out by their scores."""
    if option.is_choice:
        names = _names(option)
        middle = np.array([_choice_height(names.index(str(value)), len(names)) for value in option.values])
    else:
        middle = _scale(option, np.array(option.values, np.float64))
    shared = len(set(option.values)) < len(option.values) / 2
    return middle + SPREAD * (order - 0.5) if shared else middle


def _names(option: Option) -> list[str]:
    return list(dict.fromkeys(map(str, option.values)))


def _choice_height(index: int, count: int) -> float:
    return 0.5 if count == 1 else SPREAD + (1 - 2 * SPREAD) * index / (count - 1)


def _scale(option: Option, values: Float[np.ndarray, "run"]) -> Float[np.ndarray, "run"]:
    ends = np.array([min(option.values), max(option.values)], np.float64)
    if option.log:
        values, ends = np.log(values), np.log(ends)
    return np.full_like(values, 0.5) if ends[0] == ends[1] else (values - ends[0]) / (ends[1] - ends[0])


def _draw_run(axes: Axes, heights: Float[np.ndarray, "option"], score: float | None, norm: Normalize) -> None:
    """A curve that crosses each axis horizontally, and ends on the axis of the score."""
    if score is not None:
        heights = np.append(heights, 0.5 if norm.vmin == norm.vmax else float(norm(score)))
    share = np.linspace(0, 1, CURVE_POINTS)
    eased = share * share * (3 - 2 * share)
    places, curve = [], []
    for place, (start, end) in enumerate(itertools.pairwise(heights)):
        places += (place + share).tolist()
        curve += (start + (end - start) * eased).tolist()
    if score is None:
        axes.plot(places, curve, color=GRAY, linewidth=1.0, linestyle=(0, (3, 3)), zorder=2)
    else:
        axes.plot(places, curve, color=COLORS(norm(score)), linewidth=1.8, alpha=0.9, zorder=3, solid_capstyle="round")


def _draw_axis(axes: Axes, place: int, option: Option) -> None:
    axes.plot([place, place], [0, 1], color=GRAY, linewidth=1.0, zorder=1)
    for height, label in _ticks(option):
        axes.plot([place - 0.025, place], [height, height], color=GRAY, linewidth=1.0, zorder=1)
        text = axes.text(place - 0.05, height, label, ha="right", va="center", fontsize=8.5, color=INK, zorder=4)
        text.set(parse_math=False, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.8})
    section, _, name = option.name.rpartition(".")
    _write_heading(axes, place, name, section, option.note)


def _write_heading(axes: Axes, place: int, name: str, section: str, note: str = "") -> None:
    """The last part of a name in bold, and the rest of it, with a note, below."""
    shared = {"ha": "center", "va": "bottom", "parse_math": False}
    axes.text(place, 1.18, name.replace("_", " "), fontsize=9.5, color=INK, fontweight="bold", **shared)
    axes.text(place, 1.115, section.replace("/", " ").replace("_", " "), fontsize=8, color=GRAY, **shared)
    axes.text(place, 1.05, note, fontsize=8, color=INK, **shared)


def _ticks(option: Option) -> list[tuple[float, str]]:
    """Heights with labels: of each choice; of all numbers if they are few, else of round ones between the ends."""
    if option.is_choice:
        names = _names(option)
        return [(_choice_height(index, len(names)), name) for index, name in enumerate(names)]
    values = np.unique(np.array(option.values, np.float64))
    if len(values) > TICKS:
        ends = (values[0], values[-1])
        whole = all(isinstance(value, int) for value in option.values)
        values = _log_ticks(*ends) if option.log else MaxNLocator(TICKS, integer=whole).tick_values(*ends)
        values = values[(values >= ends[0]) & (values <= ends[1])]
    return list(zip(_scale(option, values).tolist(), [f"{value:.4g}" for value in values], strict=True))


def _log_ticks(low: float, high: float) -> Float[np.ndarray, "tick"]:
    """Powers of ten with, if they are few, some numbers in between."""
    parts = (1.0,) if high / low > 1000 else (1.0, 3.0) if high / low > 30 else (1.0, 2.0, 5.0)
    return np.array(LogLocator(subs=parts, numticks=99).tick_values(low, high))


def _draw_score_axis(axes: Axes, place: int, scored: Float[np.ndarray, "run"], norm: Normalize) -> None:
    """A bar that shows the color of each score."""
    sides = (place - BAR_WIDTH / 2, place + BAR_WIDTH / 2)
    axes.imshow(np.linspace(0, 1, 256)[:, None], COLORS, aspect="auto", origin="lower", extent=(*sides, 0, 1), zorder=5)
    if not scored.size:
        axes.text(place + 2 * BAR_WIDTH, 0.5, "no score", va="center", fontsize=8.5, color=GRAY)
        return
    for height in np.linspace(0, 1, TICKS) if norm.vmin < norm.vmax else (0.5,):
        value = norm.vmin + height * (norm.vmax - norm.vmin)
        axes.text(place + 1.5 * BAR_WIDTH, height, f"{value:.3f}", va="center", fontsize=8.5, color=INK)
