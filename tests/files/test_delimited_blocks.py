"""Blocks of lines give the cells that a loop over rows gives, with the same line numbers."""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from affect_jax.files import delimited_blocks
from affect_jax.files.delimited import count_lines, read_delimited
from affect_jax.files.delimited_blocks import Block, has_only, plain_numbers, read_blocks

PLAIN = [f"images/{number}.jpg,{number},0.5" for number in range(40)]
ODD = {
    "too few cells": ["a,1"],
    "an empty line": ["", " "],
    "a quoted line break": ['"a\nb",1,2', "c,3,4"],
    "another encoding": ["caf\udce9.jpg,1,2"],
    "a zero byte": ["a\0b,1,2"],
    "a lone carriage return": ["a,1,2\rb,3,4"],
    "spaces": ["a, 1 ,2"],
}


def by_rows(blocks):
    for block in blocks:
        if isinstance(block, Block):
            yield from ((block.first + index, block.cells(index)) for index in range(len(block)))
        else:
            yield from block


@pytest.mark.parametrize("kind", [*ODD, "plain", "windows"])
def test_any_line_is_read_as_by_rows(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(delimited_blocks, "BLOCK_BYTES", 300)
    lines = ["name,valence,arousal", *PLAIN[:20], *ODD.get(kind, []), *PLAIN[20:]]
    path = tmp_path / "list.csv"
    path.write_bytes(("\r\n" if kind == "windows" else "\n").join(lines).encode("utf-8", "surrogateescape"))
    columns, start = ("name", "valence", "arousal"), path.read_bytes().index(b"\n") + 1
    blocks = list(read_blocks(path, start, 1, columns, ",", '"'))
    expected = list(itertools.islice(read_delimited(path, columns), 1, None))
    found = [(number, [cell.lstrip() for cell in cells]) for number, cells in by_rows(blocks)]
    assert found == expected and count_lines(path) >= expected[-1][0]
    assert sum(isinstance(block, Block) for block in blocks) >= 1  # of the plain lines before, at least


def test_characters_of_each_cell():
    column = pa.array(["12", "", "1a", "-3.5", "é"])
    np.testing.assert_array_equal(has_only(column, b"0123456789.-"), [True, True, False, True, False])
    np.testing.assert_array_equal(has_only(column.slice(2, 2), b"0123456789.-"), [False, True])


@pytest.mark.parametrize("line", ["1,x", "1", "1.2.3,4", "1,2,3", '"1",2', "", "nan,1"])
def test_numbers_of_a_plain_file_or_none(tmp_path, line):
    path = tmp_path / "labels.txt"
    path.write_text("valence,arousal\n0.25,-1\n1,.5\n")
    header, values = plain_numbers(path, 2)
    assert header == ["valence", "arousal"]
    np.testing.assert_array_equal(values, [[0.25, -1], [1, 0.5]])
    path.write_text(f"valence,arousal\n0.25,-1\n{line}\n1,2\n")
    assert plain_numbers(path, 2) == (["valence", "arousal"], None)
