"""What is refused before a network is restored: none of these tests has one."""

import numpy as np
import polars
import pytest
from adapted import feature_rows

from affect_jax.experiment.adapt import adapt_from_video, adapt_run
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.learning import rows_of
from affect_jax.experiment.lesson import Lesson, read_material
from affect_jax.experiment.predict import Finding
from affect_jax.personal.stored import read_features, write_features

COUNT = 40


@pytest.fixture
def features(tmp_path):
    write_features(feature_rows("a" * 64, 8), tmp_path / "features")
    return tmp_path / "features"


@pytest.fixture
def write(tmp_path):
    """Writes a table of labels; keywords replace columns, None removes one."""

    def write(**columns):
        time = np.arange(COUNT) / 25
        table = {"frame": np.arange(COUNT), "valence": 0.5 * np.sin(time * 9), "arousal": 0.4 * np.cos(time * 7)}
        kept = {name: column for name, column in {**table, **columns}.items() if column is not None}
        polars.DataFrame(kept).write_csv(tmp_path / "labels.csv")
        return tmp_path / "labels.csv"

    return write


def test_labels_by_time_are_those_by_frame(features, write):
    stored = read_features(features)
    rows = []
    for columns in ({}, {"frame": None, "time_seconds": np.arange(COUNT) / 25 + 0.004}):
        lesson = Lesson("anna", write(**columns))
        rows.append(rows_of(stored, lesson, read_material(lesson)))
    assert rows[0].weight.sum() == COUNT
    np.testing.assert_array_equal(rows[0].labels, rows[1].labels)
    np.testing.assert_array_equal(rows[0].weight, rows[1].weight)


BAD = {
    "unknown": (
        dict(valence=np.full(COUNT, np.nan)),
        ValueError,
        r"labels.csv: no frame has both valence and arousal; leave --labels out if there are no labels$",
    ),
    "never both": (
        dict(valence=[0.1] + [None] * (COUNT - 1), arousal=[None] + [0.1] * (COUNT - 1)),
        ValueError,
        "labels.csv: no frame has both valence and arousal",
    ),
    "percent": (
        dict(valence=np.linspace(-50, 10, COUNT)),
        ValueError,
        r"labels.csv: a label is 50 in size; expected valence and arousal in \[-1, 1\]$",
    ),
    "one of two": (dict(arousal=None), ValueError, r"labels.csv has no column arousal; expected valence and arousal"),
    "words": (dict(arousal=["low"] * COUNT), ValueError, r"labels.csv, row 2: arousal is 'low'; expected a number"),
    "no frame": (dict(frame=None), ValueError, r"labels.csv: the labels need a column frame, time_seconds or source"),
}


@pytest.mark.parametrize("case", BAD)
def test_labels_are_refused_first_and_keep_an_earlier_adapter(features, write, tmp_path, case):
    columns, error, message = BAD[case]
    output = tmp_path / "anna.safetensors"
    output.write_bytes(b"an adapter")
    with pytest.raises(error, match=message):
        adapt_run(tmp_path / "no workdir", output, features, Lesson("anna", write(**columns)))
    assert output.read_bytes() == b"an adapter"


def test_an_adapter_is_not_replaced_by_one_that_changes_nothing(features, write, tmp_path):
    output = tmp_path / "anna.safetensors"
    output.write_bytes(b"an adapter")
    with pytest.raises(UsageError, match=r"anna.safetensors is kept: nothing is given that the method 'prior' can lea"):
        adapt_run(tmp_path / "no workdir", output, features, Lesson("anna"))
    lesson = Lesson("anna", write(), method="neutral_subtraction")
    with pytest.raises(UsageError, match=r"can learn anna from \(it needs --neutral\); give that, or remove the file"):
        adapt_run(tmp_path / "no workdir", output, features, lesson)
    assert output.read_bytes() == b"an adapter"


def test_missing_files_are_named_with_their_flag(features, tmp_path):
    output, workdir = tmp_path / "anna.safetensors", tmp_path / "no workdir"
    wrong = {
        "--labels=.*none.csv does not exist; expected a table with the columns frame, valence and arousal$": Lesson(
            "anna", tmp_path / "none.csv"
        ),
        "--labels=.*features is a folder; expected one table with": Lesson("anna", features),
        "--sources: .*none holds no stored features: .*is missing": Lesson("anna", sources=tmp_path / "none"),
    }
    for message, lesson in wrong.items():
        with pytest.raises(UsageError, match=message):
            adapt_run(workdir, output, features, lesson)
        with pytest.raises(UsageError, match=message):  # before the faces of a video are found
            adapt_from_video(workdir, output, tmp_path / "no film.mp4", Finding("whole_frame"), lesson)
