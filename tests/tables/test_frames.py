"""A table holds the same numbers as CSV, as Parquet and as a data frame."""

import csv
import math

import numpy as np
import polars
import pytest
from intensity import made_rows

from affect_jax.tables.frames import read_frame, write_parquet
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows
from affect_jax.tables.schema import read_schema
from affect_jax.tables.writing import ENCODING, RowWriter, write_rows
from affect_jax.types import Labels

NAMES = ('a, "b".mp4', "two\nlines.mp4", "007", "NA", " -x", "=1+1", "$(x).jpg", "ä€.png", "")
# The least and the largest number, one beside a round one, and halves between two of 53 bits
NUMBERS = (5e-324, 2.2250738585072011e-308, 1.7976931348623157e308, 0.1 + 0.2, 1 / 3, -0.0, 1e22, 9007199254740993.0)


def hostile_rows():
    count = len(NAMES)
    intensity = np.resize(NUMBERS, (count, 2))
    intensity[3] = np.nan
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=NAMES,
        subject=("",) * count,
        clip=("1",) * count,
        frame=np.arange(count) * 2**49,
        face=np.where(np.arange(count) == 3, -1, 1),
        time_seconds=np.arange(count) / 3,
        values={"intensity": intensity, "emotion": np.random.default_rng(0).dirichlet(np.ones(8), count)},
        labels=Labels(),
        success=np.arange(count) != 3,
        boxes=np.random.default_rng(0).normal(0, 1e5, (count, 5)),
    )


def is_cell_of(value, cell: str) -> bool:
    """Whether a value of a data frame is what a cell of CSV says, bit by bit."""
    if value is None:
        return cell == ""
    if isinstance(value, float):
        return value == float(cell) and math.copysign(1, value) == math.copysign(1, float(cell))
    return value == (int(cell) if isinstance(value, int) else cell) and cell != ""


@pytest.mark.parametrize("rows", [made_rows(), hostile_rows()])
def test_csv_and_parquet_are_equal_cell_by_cell(tmp_path, rows):
    path, parquet = tmp_path / "a[1]*.csv", tmp_path / "a[1]*.parquet"
    write_rows(rows, path, "m", "c")
    write_parquet(path, read_schema(path), parquet)
    with path.open(**ENCODING) as file:
        header, *lines = csv.reader(file)
    for frame in (polars.read_parquet(parquet, glob=False), read_frame(path), read_frame(parquet)):
        assert frame.columns == header and len(frame) == len(lines)
        for line, values in zip(lines, frame.iter_rows(), strict=True):
            wrong = [(v, cell) for v, cell in zip(values, line, strict=True) if not is_cell_of(v, cell)]
            assert not wrong
    kinds = dict(zip(header, frame.dtypes, strict=True))
    assert kinds["frame"] == kinds["face"] == kinds["success"] == polars.Int64
    assert kinds["source"] == kinds["subject"] == polars.String and kinds["left"] == polars.Float64
    again, from_parquet = read_rows(path), read_rows(parquet)
    np.testing.assert_array_equal(from_parquet.values["intensity"], again.values["intensity"])
    np.testing.assert_array_equal(from_parquet.frame, again.frame)
    assert from_parquet.source == again.source == rows.source and from_parquet.subject == again.subject


def test_a_table_without_rows_has_its_columns(tmp_path):
    path = tmp_path / "a.csv"
    write_rows(made_rows(), path, "m", "c")
    schema = read_schema(path)
    RowWriter(path, schema).close()
    write_parquet(path, schema, tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        frame = read_frame(tmp_path / name)
        assert len(frame) == 0 and tuple(frame.columns) == schema.columns and frame["left"].dtype == polars.Float64


def test_a_name_that_is_not_utf_8_does_not_stop_the_table(tmp_path):
    path = tmp_path / "a.csv"
    write_rows(made_rows(), path, "m", "c")
    path.write_bytes(path.read_bytes().replace(b"c.jpg", b"c\xff.jpg"))
    write_parquet(path, read_schema(path), tmp_path / "a.parquet")
    assert read_frame(tmp_path / "a.parquet")["source"][1] == "c\ufffd.jpg"


def test_a_table_that_does_not_fit_its_schema_is_rejected(tmp_path):
    path = tmp_path / "a.csv"
    write_rows(made_rows(), path, "m", "c")
    frame = read_frame(path)
    frame.rename({"left": "sinister"}).write_parquet(tmp_path / "a.parquet")
    for read in (read_frame, read_rows):
        with pytest.raises(ValueError, match=r"a\.parquet, row 1: expected the columns source, .*, found .*sinister"):
            read(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    for read in (read_frame, read_rows):
        with pytest.raises(ValueError, match=r"a\.parquet is not Parquet \(.*\); is it truncated\?"):
            read(tmp_path / "a.parquet")
    path.write_text(path.read_text().replace("left", "sinister", 1))
    with pytest.raises(ValueError, match=r"a\.csv, row 1: expected the columns source, .*, found .*sinister"):
        read_frame(path)
