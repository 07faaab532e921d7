"""Traces of held-out clips: annotations, predictions of the static network, and predictions of the clip network."""

import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from affect_jax.draw.axes import make_figure, style_axes, to_png
from affect_jax.draw.colors import GRAY, LABEL, LABEL_BAND, QUANTITIES, lighten
from affect_jax.files.atomic import write_bytes
from affect_jax.metrics.agreement import ccc
from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.valence_arousal import DIMENSIONS
from affect_jax.report.evaluated import CaptionedPlot, Evaluated
from affect_jax.report.sections.circumplex import VALENCE_AROUSAL, get_labels
from affect_jax.tables.rows import Rows, group_rows

CLIPS_SHOWN = 3
TRUTH_MARGIN = 0.1  # half-width of the band around the truth if there are no individual annotators


@dataclasses.dataclass(frozen=True)
class ClipTrace:
    """The truth and the predictions of two networks for each frame of a clip."""

    name: str
    time_seconds: Float[np.ndarray, "frame"]
    truth: Float[np.ndarray, "frame 2"]
    static: Float[np.ndarray, "frame 2"]
    clip: Float[np.ndarray, "frame 2"]
    band: Float[np.ndarray, "frame 2 2"] | None = None  # [frame, (lowest, highest annotator), dimension]


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[CaptionedPlot]:
    """The clips with the most movement, for the first and last run; none unless both have the same rows, from clips.

    Both must predict valence and arousal.
    """
    first, last = runs[0], runs[-1]
    if any(VALENCE_AROUSAL not in run.rows.values for run in (first, last)):
        return []
    if len(runs) < 2 or not any(last.rows.clip) or first.rows.source != last.rows.source:
        return []
    path = folder / "traces.png"
    draw_traces(select_traces(first.rows, last.rows), path)
    caption = f"The {CLIPS_SHOWN} clips whose labels vary most: {first.name} (thin) and {last.name} (thick) over time"
    return [(path, caption)]


def select_traces(static: Rows, clip: Rows) -> list[ClipTrace]:
    """Traces of the clips whose labels vary most."""
    labels = get_labels(clip)
    clips = group_rows(clip.clip)
    shown = sorted(clips, key=lambda name: -_movement(labels[clips[name]]))[:CLIPS_SHOWN]
    traces = []
    for name in shown:
        index = clips[name]
        trace = ClipTrace(
            name=name,
            time_seconds=clip.time_seconds[index],
            truth=labels[index],
            static=static.values[VALENCE_AROUSAL][index],
            clip=clip.values[VALENCE_AROUSAL][index],
        )
        traces.append(trace)
    return traces


def _movement(labels: Float[np.ndarray, "frame 2"]) -> float:
    """Sum of the standard deviations of valence and arousal over the labeled frames."""
    known = labels[~np.isnan(labels).any(1)]
    return float(known.std(0).sum()) if len(known) else 0.0


def draw_traces(traces: Sequence[ClipTrace], path: pathlib.Path) -> None:
    """Draws a column per clip, valence above arousal; each panel states the CCC of both networks on this clip."""
    if len({trace.band is None for trace in traces}) > 1:
        raise ValueError("some clips have annotators and some do not: they cannot share a legend")
    figure = make_figure(5.2 * len(traces) + 0.6, 5.4)
    panels = figure.subplots(2, len(traces), squeeze=False, sharex="col", sharey=True)
    for column, trace in enumerate(traces):
        for dimension in range(2):
            _panel(panels[dimension, column], trace, dimension)
        panels[1, column].set_xlabel("time (seconds)")
    for dimension, name in enumerate(DIMENSIONS):
        panels[dimension, 0].set_ylabel(name, color=QUANTITIES[name].on_white, fontsize=11)
        panels[dimension, -1].legend(
            frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.6
        )
    write_bytes(to_png(figure), path)


def _panel(axes: Axes, trace: ClipTrace, dimension: int) -> None:
    color = QUANTITIES[DIMENSIONS[dimension]].on_white
    truth = trace.truth[:, dimension]
    time = trace.time_seconds
    if trace.band is None:
        low = truth - TRUTH_MARGIN
        high = truth + TRUTH_MARGIN
        band = f"truth ± {TRUTH_MARGIN}"
    else:
        low, high = trace.band[:, :, dimension].T
        band = "annotators"
    axes.axhline(0, color=GRAY, linewidth=0.8)
    axes.fill_between(time, low, high, color=LABEL_BAND, linewidth=0, label=band, zorder=1)
    axes.plot(time, truth, color=LABEL.on_white, linewidth=1.2, linestyle=(0, (4, 2)), label="truth", zorder=2)
    axes.plot(time, trace.static[:, dimension], color=lighten(color), linewidth=1.1, label="static network", zorder=3)
    axes.plot(time, trace.clip[:, dimension], color=color, linewidth=2.2, label="clip network", zorder=4)
    static = _ccc(trace.static[:, dimension], truth)
    clip = _ccc(trace.clip[:, dimension], truth)
    scores = f"{DIMENSIONS[dimension]} CCC: static {static:.2f}, clip {clip:.2f}"
    style_axes(axes, scores if dimension else f"{trace.name}\n{scores}")
    axes.set(ylim=(-1.02, 1.02), xlim=(time[0], time[-1]), yticks=(-1, -0.5, 0, 0.5, 1))


def _ccc(predicted: Float[np.ndarray, "frame"], truth: Float[np.ndarray, "frame"]) -> float:
    """CCC over the labeled frames."""
    known = np.float64(~np.isnan(truth))
    return ccc(PairMoments.of(predicted[:, None], truth[:, None], known))[0]
