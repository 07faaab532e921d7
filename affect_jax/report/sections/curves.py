"""Training curves: losses and scores by step, from metrics.jsonl."""

import itertools
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import AROUSAL, EMOTION, INK, SERIES, VALENCE
from affect_jax.files.atomic import write_bytes
from affect_jax.files.json_files import read_objects
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.report.evaluated import CaptionedPlot, Evaluated

SHARE_SMOOTHED = 0.05  # width of the smoothing window for losses, as a share of the run
LOSS_LABELS = {
    "train/loss": "total",
    "train/loss/emotion": "cross-entropy",
    "train/loss/mse": "squared error",
    "train/loss/pcc": "1 - PCC",
    "train/loss/ccc": "1 - CCC",
}
ERROR = "nme"  # of landmarks; not on the scale of the others
SCORE_LABELS = {
    "ccc/valence": "valence CCC",
    "ccc/arousal": "arousal CCC",
    "macro_f1": "emotion macro F1",
    ERROR: "landmark error (NME)",
}
LOSS_COLORS = {"train/loss": INK, "train/loss/emotion": EMOTION.on_white}
SCORE_COLORS = {  # of scores that share a scale; the line style is that of the evaluation
    "ccc/valence": VALENCE.on_white,
    "ccc/arousal": AROUSAL.on_white,
    "macro_f1": EMOTION.on_white,
}
AGREEMENT = "kappa/"  # before the names of quantities; shown of networks that have none of the scores above
PALETTE = (*SERIES, EMOTION.on_white)  # of losses and scores without a fixed color
STYLES = (
    {"linestyle": "-", "marker": "o"},
    {"linestyle": "--", "marker": "s"},
    {"linestyle": ":", "marker": "^"},
    {"linestyle": "-.", "marker": "D"},
)
Curve = tuple[Int[np.ndarray, "_"], Float[np.ndarray, "_"]]  # steps and values, equally many


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]:
    """Curves of the runs that have metrics."""
    metrics = {run.name: run.metrics for run in runs if run.metrics.is_file()}
    if not metrics:
        return []
    path = folder / "curves.png"
    draw_curves(metrics, path)
    return [(path, "Losses and scores over training")]


def read_metrics(path: pathlib.Path) -> dict[str, Curve]:
    """Steps and values of each metric in a metrics.jsonl; a truncated last line is ignored."""
    steps: dict[str, list[int]] = {}
    series: dict[str, list[float]] = {}
    for values in read_objects(path, "step"):
        step = values.pop("step")
        for name, value in values.items():
            steps.setdefault(name, []).append(step)
            series.setdefault(name, []).append(value)
    return {name: (np.array(steps[name]), np.float64(series[name])) for name in series}


def draw_curves(metrics: Mapping[str, pathlib.Path], path: pathlib.Path) -> None:
    """Draws a row of two panels per run: training losses on the left, scores of its evaluations on the right."""
    figure = make_figure(10.0, 3.2 * len(metrics))
    panels = figure.subplots(len(metrics), 2, squeeze=False)
    for (left, right), (run, file) in zip(panels, metrics.items(), strict=True):
        series = read_metrics(file)
        losses = [name for name in series if name == "train/loss" or name.startswith("train/loss/")]
        _draw_losses(left, {name: series[name] for name in losses})
        style_axes(left, f"{run}: training loss")
        scores = by_evaluation(series)
        _draw_scores(right, scores)
        style_axes(right, f"{run}: {next(iter(scores))}" if len(scores) == 1 else f"{run}: evaluations")
        for axes in (left, right):
            axes.set_xlabel("step", fontsize=9)
            if axes.has_data():
                axes.legend(frameon=False, fontsize=9)
                axes.set_xlim(left=0)
    write_bytes(to_png(figure), path)


def by_evaluation(series: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """The scores of each evaluation of a run: every metric under a name other than "train"."""
    found: dict[str, dict[str, Curve]] = {}
    for name, curve in series.items():
        evaluation, _, score = name.partition("/")
        if score and evaluation != "train":
            found.setdefault(evaluation, {})[score] = curve
    return found


def _draw_losses(axes, losses: Mapping) -> None:
    others = itertools.cycle(PALETTE)
    for name, (steps, values) in losses.items():
        color = LOSS_COLORS[name] if name in LOSS_COLORS else next(others)
        window = np.ones(max(1, int(len(values) * SHARE_SMOOTHED)))
        counts = np.convolve(np.ones(len(values)), window, "same")  # fewer at the ends
        smooth = np.convolve(values, window, "same") / counts
        label = LOSS_LABELS.get(name) or _title(name.removeprefix("train/loss/"))
        total = name == "train/loss"
        if total:
            axes.plot(steps, values, color=color, linewidth=0.8, alpha=0.25)
        axes.plot(steps, smooth, color=color, linewidth=2 if total else 1.3, label=label)
    if losses:
        axes.set_ylim(bottom=0)


def _draw_scores(axes, evaluations: Mapping[str, Mapping[str, Curve]]) -> None:
    """Draws CCC and macro F1, which share a scale, or else kappas, or the first score there is, such as the NME."""
    known = dict.fromkeys(name for scores in evaluations.values() for name in scores)
    names = [name for name in SCORE_COLORS if name in known]
    names = names or [name for name in known if name.startswith(AGREEMENT)] or list(known)[:1]
    palette = dict(zip(names, itertools.cycle(PALETTE), strict=False))
    lowest = 0.0
    for (evaluation, scores), style in zip(evaluations.items(), itertools.cycle(STYLES), strict=False):
        for name in [each for each in names if each in scores]:
            steps, values = scores[name]
            label = SCORE_LABELS.get(name) or _score_title(name)
            label = label if len(evaluations) == 1 else f"{label}, {evaluation}"
            color = SCORE_COLORS.get(name, palette[name])
            axes.plot(steps, values, color=color, linewidth=1.8, markersize=4, label=label, **style)
            lowest = min(lowest, values.min())
    if names and ERROR not in names:
        axes.set_ylim(lowest, 1)


def _title(name: str) -> str:
    """What a quantity is called, or another term of a loss."""
    return QUANTITIES[name].title if name in QUANTITIES else name


def _score_title(name: str) -> str:
    """What a score is called in tables, or its name."""
    headlines = [each.headline for each in QUANTITIES.values() if name in each.headline]
    return headlines[0][name] if headlines else name
