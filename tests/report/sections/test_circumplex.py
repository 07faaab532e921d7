"""Labels and predictions in the circumplex, read back from the figure."""

import matplotlib.image
import numpy as np
import pytest

from affect_jax.report.sections import circumplex


def numpy_ccc(predicted, label):
    covariance = np.mean((predicted - predicted.mean()) * (label - label.mean()))
    return 2 * covariance / (predicted.var() + label.var() + (predicted.mean() - label.mean()) ** 2)


def picture_of(path):
    assert not list(path.parent.glob("*.part"))
    return matplotlib.image.imread(path)


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
