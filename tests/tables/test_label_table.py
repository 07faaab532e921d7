"""Tables of labels as spreadsheets and other programs write them, and those that are none."""

import numpy as np
import polars
import pytest

from affect_jax.tables.label_table import read_labels

ROWS = [(0, 0.25, -0.5), (1, -0.125, 0.75), (2, 1.0, 0.0)]


def write(path, text):
    path.write_text(text)
    return path


def text_of(separator, header="frame,valence,arousal"):
    lines = [header.split(","), *ROWS]
    return "".join(separator.join(map(str, line)) + "\n" for line in lines)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", ", "])
def test_any_usual_separator_is_read(tmp_path, separator):
    table = read_labels(write(tmp_path / "labels.csv", text_of(separator)))
    assert table.columns == ["frame", "label_valence", "label_arousal"]
    assert table["frame"].dtype == polars.Int64
    np.testing.assert_array_equal(table.to_numpy(), ROWS)


def test_numbers_may_be_written_in_other_ways(tmp_path):
    text = "\ufeffsep=;\nFrame;Valence;label_arousal;Notes\n0.0;0.25;-5e-1;sure\n\n7;NA;;\n;;;\n"
    table = read_labels(write(tmp_path / "labels.csv", text))
    assert table.rows() == [(0, 0.25, -0.5, "sure"), (7, None, None, None)]
    assert table.columns == ["frame", "label_valence", "label_arousal", "Notes"]


def test_data_frames_and_parquet_are_read_alike(tmp_path):
    frame = polars.DataFrame(ROWS, ["frame", "valence", "arousal"], orient="row").cast({"frame": polars.Float64})
    frame.write_parquet(tmp_path / "labels.parquet")
    for table in (frame, tmp_path / "labels.parquet"):
        found = read_labels(table)
        assert found.rows() == ROWS and found["frame"].dtype == polars.Int64


def test_a_table_of_predictions_may_be_completed_by_hand(tmp_path):
    write(tmp_path / "film.schema.json", "{}")  # describes the columns of before
    found = read_labels(write(tmp_path / "film.csv", "frame,valence,arousal,label_valence\n3,0.1,0.2,0.5\n"))
    assert found.select("frame", "label_valence", "label_arousal").rows() == [(3, 0.5, 0.2)]


def test_emotions_get_the_names_of_the_label_sets(tmp_path):
    found = read_labels(write(tmp_path / "labels.csv", "source,expression\na.png,Happiness\nb.png,\n"))
    assert found.rows() == [("a.png", "happy"), ("b.png", None)]


WRONG = {
    "frames in words": ("frame,valence\n0,0.1\nf1,0.2\n", r"csv, row 3: frame is 'f1'; expected a whole number$"),
    "half a frame": ("frame,valence\n0.5,0.1\n", r"labels.csv, row 2: frame is '0.5'; expected a whole number$"),
    "an endless frame": ("frame,valence\ninf,0.1\n", r"labels.csv, row 2: frame is 'inf'; expected a whole number$"),
    "a frame of too many digits": ("frame,valence\n1e30,0.1\n", r"row 2: frame is '1e30'; expected a whole number$"),
    "labels in words": (
        "frame,valence\n0,high\n",
        r"labels.csv, row 2: valence is 'high'; expected a number with a decimal point, such as 0.25$",
    ),
    "decimal commas": (
        "frame;valence\n0;0,25\n",
        r"labels.csv, row 2: valence is '0,25'; expected a number with a decimal point, such as 0.25$",
    ),
    "decimal commas between commas": (
        "frame,valence\n0,0,25\n",
        r"labels.csv, row 2: 3 cells, expected 2 \(frame, valence\)$",
    ),
    "an infinite label": ("frame,valence\n0,-inf\n", r"labels.csv, row 2: valence is '-inf'; expected a number with"),
    "a header only": (
        "frame,valence\n",
        r"^\S*/labels.csv holds no labels: there is no row after the names of the columns$",
    ),
    "nothing": (
        "",
        r"labels.csv: expected a first row with names of columns, such as frame, valence, arousal; it is missing$",
    ),
    "no header": ("0,0.1,0.2\n", r"expected a first row with names of columns, such as .*; it is '0, 0.1, 0.2'$"),
    "RECOLA's own labels": ("time;FM1 ;FM2 \n0;0.1;0.2\n", r"first row with names of .*; it is 'time;FM1 ;FM2'$"),
    "a name twice": ("frame,valence,valence\n0,1,1\n", r"labels.csv has two columns valence; remove or rename one of"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_read_is_refused_by_row_and_column(tmp_path, case):
    text, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        read_labels(write(tmp_path / "labels.csv", text))


def test_bytes_and_what_is_no_file_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"labels.csv: expected a first row with names of columns.*; it is '\\x00"):
        read_labels(tmp_path / "labels.csv")
    with pytest.raises(FileNotFoundError, match="no table at .*none.csv"):
        read_labels(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="the labels, row 0: face is 'left'; expected a whole number"):
        read_labels(polars.DataFrame({"frame": [0], "face": ["left"], "valence": [0.1]}))
