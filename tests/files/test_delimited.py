"""Delimited text as other programs rewrite it: the same cells, whatever the encoding and the separator."""

import math

import pytest

from affect_jax.files.delimited import encoding_of, is_missing, read_delimited, repair, to_number

COLUMNS = ("name", "valence")
PLAIN = "name,valence\ndéjà_1.png,0.5\nb.png,-0.25\n"
CELLS = [["name", "valence"], ["déjà_1.png", "0.5"], ["b.png", "-0.25"]]


def read(path, data, **form):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [cells for _, cells in read_delimited(path, COLUMNS, **form)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_any_encoding_gives_the_same_cells(tmp_path, encoding):
    assert read(tmp_path / "list.csv", PLAIN.encode(encoding)) == CELLS


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("expected", [",", ";"])
def test_any_separator_of_a_known_header_gives_the_same_cells(tmp_path, separator, expected):
    assert read(tmp_path / "list.csv", PLAIN.replace(",", separator), separator=expected) == CELLS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ending_gives_the_same_cells(tmp_path, end):
    assert read(tmp_path / "list.csv", PLAIN.replace("\n", end)) == CELLS


def test_what_spreadsheets_add_is_left_out(tmp_path):
    path = tmp_path / "list.csv"
    assert read(path, "sep=;\n" + PLAIN.replace(",", ";")) == CELLS
    assert read(path, "# exported\n\n" + PLAIN) == CELLS
    assert read(path, PLAIN.replace("\n", "\n   \n") + ",\n , \n") == CELLS
    assert read(path, '"name", "valence"\n"déjà_1.png", "0.5"\n"b.png", "-0.25"\n') == CELLS


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("sep=,\n# exported\n" + PLAIN.replace("\nb", "\n\nb"))
    assert [number for number, _ in read_delimited(path, COLUMNS)] == [3, 4, 6]


def test_an_empty_file_has_no_lines(tmp_path):
    assert read(tmp_path / "list.csv", b"") == []
    assert encoding_of(tmp_path / "list.csv") == "utf-8"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "nan",
        "NaN",
        "-nan",
        "-nan(ind)",
        "nan(0x8)",
        "1.#IND",
        "-1.#IND",
        "1.#QNAN",
        "1.#IND00",
        "NA",
        "n/a",
        "#N/A",
    ],
)
def test_missing_numbers_in_the_words_of_any_program(cell):
    assert is_missing(cell) and math.isnan(to_number(cell))


@pytest.mark.parametrize("cell", ["0,5", "sad", "1.0.0", "nano", "nan(x)y"])
def test_other_words_are_no_numbers(cell):
    assert not is_missing(cell)
    with pytest.raises(ValueError, match="could not convert"):
        to_number(cell)


def test_only_bytes_that_are_not_utf8_are_repaired():
    assert repair("plain.png") == "plain.png"
    assert repair("blé.png") == "blé.png"
    assert repair(b"bl\xe9.png".decode("utf-8", "surrogateescape")) == "blé.png"
