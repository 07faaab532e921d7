"""The confusion matrix of emotions."""

import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Num
from matplotlib.colors import LinearSegmentedColormap

from affect_jax.draw.axes import make_figure, to_png
from affect_jax.draw.colors import EMOTION, GRAY, INK
from affect_jax.files.atomic import write_bytes
from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores
from affect_jax.report.evaluated import CaptionedPlot, Evaluated

SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", EMOTION.on_white, "#0d3324"])  # from 0 to 1


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]:
    """The confusion matrix of the last run, if emotions are labeled."""
    confusion = runs[-1].summary.get("confusion")
    if not confusion:
        return []
    path = folder / "confusion.png"
    draw_confusion(np.array(confusion["label_by_prediction"]), confusion["emotions"], path)
    return [(path, f"Emotions: label against prediction of {runs[-1].name}")]


def draw_confusion(counts: Num[np.ndarray, "emotion emotion"], emotions: Sequence[str], path: pathlib.Path) -> None:
    """Plots the share of each label (row) that is predicted as each emotion (column), with counts."""
    scores = emotion_scores(ConfusionMatrix(np.float64(counts)))
    examples = counts.sum(1)
    share = counts / np.maximum(examples, 1)[:, None]
    side = 2.6 + 0.62 * len(emotions)
    figure = make_figure(side + 0.6, side)
    axes = figure.subplots()
    axes.imshow(share, cmap=SHARES, vmin=0, vmax=1)
    for row in range(len(emotions)):
        for column in range(len(emotions)):
            color = "white" if share[row, column] > 0.55 else INK
            if counts[row, column]:
                axes.text(column, row - 0.12, f"{share[row, column]:.0%}", color=color, ha="center", va="center")
                axes.text(
                    column,
                    row + 0.24,
                    f"{counts[row, column]:,.0f}",
                    color=color,
                    ha="center",
                    va="center",
                    fontsize=7,
                )
    axes.set_xticks(range(len(emotions)), emotions, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(emotions)), [f"{name} ({n:,.0f})" for name, n in zip(emotions, examples, strict=True)])
    axes.set_xlabel("predicted")
    axes.set_ylabel("label (examples)")
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_color(GRAY)
    title = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in scores.items())
    axes.set_title(title.replace("f1", "F1"), fontsize=10)
    write_bytes(to_png(figure), path)
