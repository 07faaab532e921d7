"""Pictures: what is drawn is read back from the figure, and the files are whole."""

import json

import matplotlib.image
import numpy as np
import pytest

from affect_jax.report.sections import circumplex, confusion, curves, traces


def numpy_ccc(predicted, label):
    covariance = np.mean((predicted - predicted.mean()) * (label - label.mean()))
    return 2 * covariance / (predicted.var() + label.var() + (predicted.mean() - label.mean()) ** 2)


def picture_of(path):
    assert not list(path.parent.glob("*.part"))
    return matplotlib.image.imread(path)


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
    with pytest.raises(ValueError, match="some of the clips have annotators and some have not"):
        traces.draw_traces([plain, banded], tmp_path / "traces.png")


@pytest.mark.parametrize("rows", [50, 900])
def test_circumplex_leaves_unlabeled_rows_out_of_points_and_scores(rows, drawn, tmp_path):
    rng = np.random.default_rng(1)
    label = rng.uniform(-1, 1, (rows, 2))
    predicted = np.clip(0.5 * label + rng.normal(0, 0.1, label.shape), -1, 1)
    label[::5] = np.nan
    circumplex.draw_circumplex(predicted, label, tmp_path / "circumplex.png")
    picture_of(tmp_path / "circumplex.png")
    known = ~np.isnan(label).any(1)
    titles = [axes.get_title(loc="left") for axes in drawn[0].axes]
    scores = [numpy_ccc(predicted[known, d], label[known, d]) for d in range(2)]
    assert titles == [
        f"labels ({known.sum()})",
        f"predictions ({known.sum()})",
        f"valence: CCC {scores[0]:.3f}",
        f"arousal: CCC {scores[1]:.3f}",
    ]


def test_confusion_names_shares_counts_and_scores(drawn, tmp_path):
    counts = np.array([[3, 1, 0], [0, 6, 0], [0, 0, 0]])
    confusion.draw_confusion(counts, ("neutral", "happy", "contempt"), tmp_path / "confusion.png")
    picture_of(tmp_path / "confusion.png")
    (axes,) = drawn[0].axes
    assert [text.get_text() for text in axes.texts] == ["75%", "3", "25%", "1", "100%", "6"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["neutral (4)", "happy (6)", "contempt (0)"]
    # recalls 3/4 and 1; F1 6/7 and 12/13
    assert axes.get_title() == "accuracy 0.90, balanced accuracy 0.88, macro F1 0.89"


def write_metrics(path):
    lines = [{"step": s, "train/loss": 2.0 / s, "train/loss/ccc": 1.0 / s, "seconds": 1.0} for s in (10, 20, 30)]
    lines.insert(2, {"step": 20, "validation/ccc/valence": 0.5, "validation/ccc/arousal": -0.2, "seconds": 1.5})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_curves_show_what_the_journal_holds(drawn, tmp_path):
    write_metrics(tmp_path / "metrics.jsonl")
    curves.draw_curves({"static": tmp_path / "metrics.jsonl"}, tmp_path / "curves.png")
    picture_of(tmp_path / "curves.png")
    losses, scores = drawn[0].axes
    found = {line.get_label(): line.get_xydata() for line in losses.get_lines()}
    np.testing.assert_allclose(found["1 - CCC"], [(10, 0.1), (20, 0.05), (30, 1 / 30)])
    np.testing.assert_allclose(found["total"], [(10, 0.2), (20, 0.1), (30, 2 / 30)])
    found = {line.get_label(): line.get_ydata().tolist() for line in scores.get_lines()}
    assert found == {"valence CCC": [0.5], "arousal CCC": [-0.2]}
    assert scores.get_ylim() == (-0.2, 1)


def test_a_cut_off_last_line_is_forgiven_and_a_broken_one_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_metrics(path)
    whole = path.read_text()
    path.write_text(whole[:-12])
    assert curves.read_metrics(path)["train/loss"][0].tolist() == [10, 20]
    path.write_text("garbage\n" + whole)
    with pytest.raises(
        ValueError, match=r"metrics.jsonl, row 1: expected a JSON object with \"step\", found 'garbage'"
    ):
        curves.read_metrics(path)


def test_a_run_without_an_evaluation_yet_is_drawn(drawn, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 10, "train/loss": 1.0, "seconds": 1}\n')
    curves.draw_curves({"static": path}, tmp_path / "curves.png")
    assert not drawn[0].axes[1].get_lines()
