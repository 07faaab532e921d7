"""Labels and predictions in the valence-arousal plane."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.patches import Circle

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, INK, QUANTITIES, make_colormap
from affect_jax.files.atomic import write_bytes
from affect_jax.metrics.agreement import ccc
from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.valence_arousal import DIMENSIONS
from affect_jax.report.evaluated import CaptionedPlot, Evaluated
from affect_jax.tables.rows import Rows

VALENCE_AROUSAL = "valence_arousal"
CORNERS = {"excited": (1, 1), "angry": (-1, 1), "sad": (-1, -1), "calm": (1, -1)}


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]:
    """Labels and predictions of the last run, if anything is labeled."""
    rows = runs[-1].rows
    if not rows.labeled(VALENCE_AROUSAL).any():
        return []
    path = folder / "circumplex.png"
    draw_circumplex(rows.values[VALENCE_AROUSAL], get_labels(rows), path)
    return [(path, f"Labels and predictions of {runs[-1].name}")]


def get_labels(rows: Rows) -> Float[np.ndarray, "row 2"]:
    """Valence and arousal labels; NaN for rows without."""
    known = rows.labeled(VALENCE_AROUSAL)
    if not known.any():
        return np.full((len(rows), 2), np.nan)
    return np.where(known[:, None], rows.labels[VALENCE_AROUSAL].value, np.nan)


def draw_circumplex(
    predicted: Float[np.ndarray, "row 2"], label: Float[np.ndarray, "row 2"], path: pathlib.Path
) -> None:
    """Plots labels and predictions in the circumplex, and prediction against label for each dimension.

    Rows without a label (NaN) are left out.
    """
    known = ~np.isnan(label).any(1)
    predicted = predicted[known]
    label = label[known]
    figure = make_figure(13.0, 3.5)
    panels = figure.subplots(1, 4)
    for axes, points, title in zip(panels, (label, predicted), ("labels", "predictions"), strict=False):
        _plane(axes, points, f"{title} ({len(points):,})")
    scores = ccc(PairMoments.of(predicted, label, np.ones(len(label)))) if len(label) else (np.nan, np.nan)
    for dimension, axes in enumerate(panels[2:]):
        _against(axes, predicted[:, dimension], label[:, dimension], QUANTITIES[DIMENSIONS[dimension]].on_white)
        style_axes(axes, f"{DIMENSIONS[dimension]}: CCC {scores[dimension]:.3f}")
    write_bytes(to_png(figure), path)


def _density(axes: Axes, across: np.ndarray, up: np.ndarray, colors: Colormap) -> None:
    """Plots single points, or their density if there are too many to distinguish."""
    if len(across) <= 400:
        axes.scatter(across, up, s=9, color=INK, alpha=0.35, linewidths=0, zorder=3)
    else:
        axes.hexbin(
            across, up, gridsize=40, extent=(-1, 1, -1, 1), cmap=colors, bins="log", mincnt=1, linewidths=0.1, zorder=3
        )


def _plane(axes: Axes, points: np.ndarray, title: str) -> None:
    axes.add_patch(Circle((0, 0), 1, fill=False, color=GRAY, linewidth=1, zorder=4))
    _density(axes, points[:, 0], points[:, 1], make_colormap(GRAY))
    for word, (across, up) in CORNERS.items():
        place = {"ha": "right" if across > 0 else "left", "va": "top" if up > 0 else "bottom"}
        axes.text(across * 1.03, up * 1.03, word, color=INK, fontsize=9, zorder=5, **place)
    style_axes(axes, title)
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xlabel="valence", ylabel="arousal", aspect="equal")
    axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))


def _against(axes: Axes, predicted: np.ndarray, label: np.ndarray, color: str) -> None:
    axes.plot((-1, 1), (-1, 1), color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=4)
    _density(axes, label, predicted, make_colormap(color))
    axes.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axes.set_xlabel("label", color=color)
    axes.set_ylabel("prediction", color=color)
