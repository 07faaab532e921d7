"""Clips over time: which are shown, and what is drawn, read back from the figure."""

import matplotlib.image
import numpy as np
import pytest

from affect_jax.report.sections import traces
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

FRAMES = 6


def numpy_ccc(predicted, label):
    covariance = np.mean((predicted - predicted.mean()) * (label - label.mean()))
    return 2 * covariance / (predicted.var() + label.var() + (predicted.mean() - label.mean()) ** 2)


def picture_of(path):
    assert not list(path.parent.glob("*.part"))
    return matplotlib.image.imread(path)


def rows_of(steps, unlabeled=2):
    """Clips whose valence moves by so much a frame; the last frames of each have no label, as after a delay."""
    count = len(steps) * FRAMES
    label = np.stack([np.outer(steps, np.arange(FRAMES)).ravel(), np.zeros(count)], -1)
    clip = np.repeat([f"moves by {step:g}" for step in steps], FRAMES)
    known = np.arange(count) % FRAMES < FRAMES - unlabeled
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=tuple(f"{place}.png" for place in range(count)),
        subject=("somebody",) * count,
        clip=tuple(clip),
        frame=np.arange(count),
        face=np.zeros(count, int),
        time_seconds=np.arange(count) / 25,
        values={"valence_arousal": np.zeros((count, 2))},
        labels=Labels(valence_arousal=Label(label, np.float64(known))),
        success=np.ones(count, bool),
    )


def test_the_clips_that_move_most_are_shown_though_their_ends_have_no_label():
    rows = rows_of([0.01, 0.05, 0.03, 0.0, 0.04])
    shown = [trace.name for trace in traces.select_traces(rows, rows)]
    assert shown == ["moves by 0.05", "moves by 0.04", "moves by 0.03"]
    assert (
        len(traces.select_traces(rows_of([0.0, 0.1], FRAMES), rows_of([0.0, 0.1], FRAMES))) == 2
    )  # nothing is labeled


def test_traces_show_both_networks_and_their_ccc(drawn, tmp_path):
    rng = np.random.default_rng(0)
    time = np.arange(50) / 25
    truth = np.stack([np.sin(time), 0.5 * np.cos(time)], 1)
    static, clip = truth + rng.normal(0, 0.2, truth.shape), truth + 0.05
    traces.draw_traces([traces.ClipTrace("clip 7", time, truth, static, clip)], tmp_path / "traces.png")
    assert picture_of(tmp_path / "traces.png").shape[2] == 4
    valence, arousal = drawn[0].axes
    for dimension, axes in enumerate((valence, arousal)):
        lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        for name, values in (("truth", truth), ("static network", static), ("clip network", clip)):
            np.testing.assert_array_equal(lines[name], values[:, dimension])
        scores = [numpy_ccc(each[:, dimension], truth[:, dimension]) for each in (static, clip)]
        assert axes.get_title(loc="left").endswith("CCC: static {:.2f}, clip {:.2f}".format(*scores))
    assert valence.get_title(loc="left").startswith("clip 7\nvalence")


def test_traces_refuse_a_mixture_of_bands(tmp_path):
    truth = np.zeros((4, 2))
    plain = traces.ClipTrace("a", np.arange(4.0), truth, truth, truth)
    banded = traces.ClipTrace("b", np.arange(4.0), truth, truth, truth, np.zeros((4, 2, 2)))
    with pytest.raises(ValueError, match="some clips have annotators and some do not"):
        traces.draw_traces([plain, banded], tmp_path / "traces.png")
