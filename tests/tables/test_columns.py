"""Tables by the names of their columns, in both formats and with whatever is in a cell."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from affect_jax.tables.columns import read_columns


def test_numbers_are_numbers_and_empty_cells_are_nan(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b' frame, valence,face,word,source\n0,0.25,,happy,01\n1,nan,2,"sad, so\n""sad""",02\n')
    found = read_columns(path, text=("source",))
    assert list(found) == ["frame", "valence", "face", "word", "source"]
    np.testing.assert_array_equal(found["frame"], [0.0, 1.0])
    np.testing.assert_array_equal(found["valence"], [0.25, np.nan])
    np.testing.assert_array_equal(found["face"], [np.nan, 2.0])
    assert found["word"].tolist() == ["happy", 'sad, so\n"sad"']
    assert found["source"].tolist() == ["01", "02"]


def test_every_float_is_read_as_python_reads_it(tmp_path):
    values = np.random.default_rng(0).normal(size=500) * 10.0 ** np.arange(-250, 250)
    path = tmp_path / "table.csv"
    path.write_text("a\n" + "".join(f"{value!r}\n" for value in values.tolist()))
    np.testing.assert_array_equal(read_columns(path)["a"], values)


def test_names_that_are_no_utf8_are_kept(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"source,valence\na\xff.mp4,1\n")
    assert read_columns(path, text=("source",))["source"].tolist() == ["a\udcff.mp4"]


def test_parquet_has_the_same_content(tmp_path):
    columns = {"source": ["a", None], "frame": [0, 1], "valence": [0.5, None], "success": [True, False]}
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "table.parquet")
    (tmp_path / "table.csv").write_text("source,frame,valence,success\na,0,0.5,1\n,1,,0\n")
    one, other = (read_columns(tmp_path / name, text=("source",)) for name in ("table.csv", "table.parquet"))
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1\n", r"table\.csv is no table \(CSV parse error: Expected 2 columns, got 1: 1\); .*cut off"),
        (b"a,b\n\x1b[1m" + 300 * b"x" + b"\n", r"got 1: \?\[1mx{40,60}\); the file may be cut off"),
        (b"", r"table\.csv is no table \(Empty CSV file\)"),
        (b"a, a\n1,2\n", r"table\.csv has several columns 'a'"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_columns(path)
    (tmp_path / "table.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"table\.parquet is no table"):
        read_columns(tmp_path / "table.parquet")
