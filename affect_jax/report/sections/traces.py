"""Held-out clips over time: what the annotators said, what the static network says, what the clip network says."""

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
from affect_jax.report.evaluated import Captioned, Evaluated
from affect_jax.report.sections.circumplex import VALENCE_AROUSAL, labels_of
from affect_jax.tables.rows import Rows, group_rows

CLIPS_SHOWN = 3
TRUTH_MARGIN = 0.1  # half the width of the band around the truth where no annotators give one


@dataclasses.dataclass(frozen=True)
class ClipTrace:
    """Truth and the predictions of two networks on every frame of a clip."""

    name: str
    time_seconds: Float[np.ndarray, "frame"]
    truth: Float[np.ndarray, "frame 2"]
    static: Float[np.ndarray, "frame 2"]
    clip: Float[np.ndarray, "frame 2"]
    band: Float[np.ndarray, "frame 2 2"] | None = None  # lowest and highest annotator on the middle axis


def section(runs: Sequence[Evaluated], folder: pathlib.Path) -> list[Captioned]:
    """The clips that move most, by the first and the last run; none unless both hold the same rows of clips."""
    first, last = runs[0], runs[-1]
    if len(runs) < 2 or not any(last.rows.clip) or first.rows.source != last.rows.source:
        return []
    path = folder / "traces.png"
    draw_traces(traces_of(first.rows, last.rows), path)
    caption = f"The {CLIPS_SHOWN} clips whose truth moves most: {first.name} (thin) and {last.name} (thick) over time"
    return [(path, caption)]


def traces_of(static: Rows, clip: Rows) -> list[ClipTrace]:
    """The clips whose labels move most."""
    labels = labels_of(clip)
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
    """Standard deviation of valence and of arousal over the labeled frames, together."""
    known = labels[~np.isnan(labels).any(1)]
    return float(known.std(0).sum()) if len(known) else 0.0


def draw_traces(traces: Sequence[ClipTrace], picture: pathlib.Path) -> None:
    """One column for each clip, valence above arousal; each panel names the CCC of both networks on this clip."""
    if len({trace.band is None for trace in traces}) > 1:
        raise ValueError("some of the clips have annotators and some have not: one legend cannot serve both")
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
    write_bytes(to_png(figure), picture)


def _panel(axes: Axes, trace: ClipTrace, dimension: int) -> None:
    color = QUANTITIES[DIMENSIONS[dimension]].on_white
    truth, time = trace.truth[:, dimension], trace.time_seconds
    low, high = (truth - TRUTH_MARGIN, truth + TRUTH_MARGIN) if trace.band is None else trace.band[:, :, dimension].T
    band = f"truth ± {TRUTH_MARGIN}" if trace.band is None else "annotators"
    axes.axhline(0, color=GRAY, linewidth=0.8)
    axes.fill_between(time, low, high, color=LABEL_BAND, linewidth=0, label=band, zorder=1)
    axes.plot(time, truth, color=LABEL.on_white, linewidth=1.2, linestyle=(0, (4, 2)), label="truth", zorder=2)
    axes.plot(time, trace.static[:, dimension], color=lighten(color), linewidth=1.1, label="static network", zorder=3)
    axes.plot(time, trace.clip[:, dimension], color=color, linewidth=2.2, label="clip network", zorder=4)
    known = np.float64(~np.isnan(truth))
    static, clip = (
        ccc(PairMoments.of(each[:, dimension, None], truth[:, None], known))[0] for each in (trace.static, trace.clip)
    )
    scores = f"{DIMENSIONS[dimension]} CCC: static {static:.2f}, clip {clip:.2f}"
    style_axes(axes, scores if dimension else f"{trace.name}\n{scores}")
    axes.set(ylim=(-1.02, 1.02), xlim=(time[0], time[-1]), yticks=(-1, -0.5, 0, 0.5, 1))
