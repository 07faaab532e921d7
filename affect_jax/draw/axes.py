"""Figures and axes in a uniform style."""

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from affect_jax.draw.colors import FAINT, GRAY, INK

DPI = 150


class InlineFigure(Figure):
    """A figure that a notebook shows although pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        return to_png(self)


def make_figure(width_inches: float, height_inches: float, layout: str = "constrained") -> Figure:
    """Makes a figure without touching pyplot's global state."""
    figure = InlineFigure(figsize=(width_inches, height_inches), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes, title: str = "") -> None:
    """Applies a faint grid, no box, and a left-aligned title (without math text)."""
    axes.set_title(title, loc="left", fontsize=11, color=INK, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRAY)
    axes.tick_params(colors=GRAY, labelcolor=INK, labelsize=9)
    axes.grid(color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def to_png(figure: Figure) -> bytes:
    """Encodes a figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, dpi=DPI, format="png")
    return file.getvalue()
