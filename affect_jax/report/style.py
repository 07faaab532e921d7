"""One look for all pictures: the same color always means the same thing."""

import pathlib

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from affect_jax.files.atomic import whole
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

COLORS = {VALENCE: "#1f6fb4", AROUSAL: "#d9651c"}  # blue and orange: told apart by color-blind readers too
PALE = {VALENCE: "#8fbbe0", AROUSAL: "#f2b58c"}  # the same hues for what is to be compared against
INK, GRAY, FAINT = "#222222", "#7a7a7a", "#e4e4e4"
OTHERS = ("#2a9d6f", "#8d5bb5", "#b8860b", "#c2385a", "#4aa3a8", "#7d6b5d")  # whatever is neither; emotion is the first


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """A figure outside of pyplot's global state."""
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes, title: str = "") -> None:
    """Faint grid, no box, left-aligned title."""
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRAY)
    axes.tick_params(colors=GRAY, labelcolor=INK, labelsize=9)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def save(figure: Figure, path: pathlib.Path) -> None:
    """Writes a PNG of twice the usual resolution, whole or not at all."""
    with whole(path) as part:
        figure.savefig(part, dpi=150, format="png")
