"""Curves of a run, read back from the figure."""

import json

import matplotlib.image
import numpy as np
import pytest

from affect_jax.report.sections import curves


def picture_of(path):
    assert not list(path.parent.glob("*.part"))
    return matplotlib.image.imread(path)


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


def test_every_evaluation_of_a_run_is_drawn(drawn, tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [
        {"step": 10, "train/loss": 1.0, "train/ccc/valence": 0.9, "seconds": 1},
        {"step": 20, "held/ccc/valence": 0.5, "far/ccc/valence": -0.25, "far/nme": 0.1, "seconds": 1},
        {"step": 30, "held/ccc/valence": 0.75, "held/macro_f1": 0.5, "far/ccc/valence": 0.25, "seconds": 2},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    curves.draw_curves({"static": path}, tmp_path / "curves.png")
    scores = drawn[0].axes[1]
    found = {line.get_label(): line.get_xydata().tolist() for line in scores.get_lines()}
    assert found == {
        "valence CCC, held": [[20, 0.5], [30, 0.75]],
        "emotion macro F1, held": [[30, 0.5]],
        "valence CCC, far": [[20, -0.25], [30, 0.25]],
    }
    held, _, far = scores.get_lines()
    assert held.get_color() == far.get_color() and held.get_linestyle() != far.get_linestyle()
    assert scores.get_title(loc="left") == "static: evaluations" and scores.get_ylim() == (-0.25, 1)


def test_an_evaluation_of_another_name_stands_in_the_title(drawn, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 10, "held/nme": 0.1, "seconds": 1}\n')
    curves.draw_curves({"landmarks": path}, tmp_path / "curves.png")
    scores = drawn[0].axes[1]
    assert scores.get_title(loc="left") == "landmarks: held"
    assert [line.get_label() for line in scores.get_lines()] == ["landmark error (NME)"]


def test_a_run_of_intensities_shows_the_kappa_of_each(drawn, tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        '{"step": 10, "train/loss": 1.0, "train/loss/intensity_happy": 1.5, "seconds": 1}\n'
        '{"step": 10, "held/exact/intensity_happy": 0.1, "held/kappa/intensity_happy": 0.5,'
        ' "held/kappa/intensity_sad": -0.25, "seconds": 1}\n'
    )
    curves.draw_curves({"smiles": path}, tmp_path / "curves.png")
    losses, scores = drawn[0].axes
    assert [line.get_label() for line in losses.get_lines()][1:] == ["total", "happy intensity"]
    found = {line.get_label(): line.get_ydata().tolist() for line in scores.get_lines()}
    assert found == {"happy intensity weighted kappa": [0.5], "sad intensity weighted kappa": [-0.25]}
    assert len({line.get_color() for line in scores.get_lines()}) == 2
