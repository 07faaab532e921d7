"""Levels against labels, by hand, and what a report shows of networks of intensities."""

import pathlib

import numpy as np

from affect_jax.report.evaluated import Evaluated
from affect_jax.report.sections import levels, traces
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels


def rows_of(predicted, labeled):
    """Rows of happiness, with predictions of anger that have no label; a label of NaN is none."""
    count, label = len(predicted), np.array(labeled, np.float64)[:, None]
    known = ~np.isnan(label[:, 0])
    values = {"intensity_happy": np.array(predicted)[:, None], "intensity_anger": np.zeros((count, 1))}
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=tuple(f"{place}.png" for place in range(count)),
        subject=("somebody",) * count,
        clip=("a clip",) * count,
        frame=np.arange(count),
        face=np.zeros(count, int),
        time_seconds=np.arange(count) / 25,
        values=values,
        labels=Labels(intensity_happy=Label(np.nan_to_num(label), known.astype(np.float64))),
        success=np.ones(count, bool),
    )


def evaluated(name, rows):
    return Evaluated(name, {}, rows, pathlib.Path("none"))


def test_each_label_and_prediction_counts_once_and_halves_belong_to_the_level_above():
    found = levels.count_levels(rows_of([0.4, 6.5, 9.6, 3.0], [0.0, 6.4, 10.0, np.nan]))
    expected = np.zeros((11, 11), int)
    expected[0, 0] = expected[6, 7] = expected[10, 10] = 1
    assert list(found) == ["intensity_happy"]
    np.testing.assert_array_equal(found["intensity_happy"], expected)


def test_the_first_and_the_last_run_are_shown(drawn, tmp_path):
    rows = [rows_of([2.0, 9.0, 5.0, 5.0], [2.0, 6.0, 4.0, 4.0]), rows_of([2.0, 7.0, 5.0, 4.0], [2.0, 6.0, 4.0, 4.0])]
    runs = [evaluated("before", rows[0]), evaluated("between", rows[0]), evaluated("after", rows[1])]
    ((path, caption),) = levels.section(runs, tmp_path)
    assert path.is_file() and caption.startswith("Labels against predictions of before and after;")
    first, last = drawn[0].axes
    assert first.get_title("left") == "happy intensity: 75% within 2"
    assert last.get_title("left") == "happy intensity: 100% within 2"
    shares = np.ma.filled(last.images[0].get_array(), np.nan)
    assert shares[2, 2] == shares[6, 7] == 1 and shares[4, 4] == shares[4, 5] == 0.5
    assert np.nansum(shares) == 3


def test_without_a_label_of_an_intensity_or_without_valence_and_arousal_there_is_no_plot(tmp_path):
    run = evaluated("a", rows_of([2.0], [np.nan]))
    assert levels.section([run], tmp_path) == []
    smiles = evaluated("a", rows_of([2.0, 3.0], [2.0, 3.0]))
    assert traces.section([smiles, smiles], tmp_path) == []
