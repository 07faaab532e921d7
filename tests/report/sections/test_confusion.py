"""The confusion matrix, read back from the figure."""

import matplotlib.image
import numpy as np

from affect_jax.report.sections import confusion


def picture_of(path):
    assert not list(path.parent.glob("*.part"))
    return matplotlib.image.imread(path)


def test_confusion_names_shares_counts_and_scores(drawn, tmp_path):
    counts = np.array([[3, 1, 0], [0, 6, 0], [0, 0, 0]])
    confusion.draw_confusion(counts, ("neutral", "happy", "contempt"), tmp_path / "confusion.png")
    picture_of(tmp_path / "confusion.png")
    (axes,) = drawn[0].axes
    assert [text.get_text() for text in axes.texts] == ["75%", "3", "25%", "1", "100%", "6"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["neutral (4)", "happy (6)", "contempt (0)"]
    # recalls 3/4 and 1; F1 6/7 and 12/13
    assert axes.get_title() == "accuracy 0.90, balanced accuracy 0.88, macro F1 0.89"
