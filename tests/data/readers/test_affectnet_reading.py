"""A list read by blocks is the list read row by row: the same labels, the same rows skipped for the same reasons."""

import numpy as np
import pytest

from affect_jax.data.readers import affectnet_reading
from affect_jax.data.readers.affectnet_rows import COLUMNS, CORRECT, REQUIRED
from affect_jax.data.readers.list_blocks import blocks
from affect_jax.data.readers.lists import ListFile
from affect_jax.data.skipped import SkippedRows
from affect_jax.files import delimited_blocks
from affect_jax.files.delimited_blocks import Block
from tests.data.readers.test_affectnet import LANDMARKS, row

HEADER = (*COLUMNS, CORRECT)
CELLS = {  # what a column may hold instead of what `row` has
    0: ["", "NULL", " images/a.jpg", "images\\a.jpg", "images/b.c/.png", "/abs.jpg"],
    1: ["", "x", "-3", "1e7", "1.5.2", "2000000"],
    3: ["0", "-5", "", " 40"],
    5: ["", "1;2", LANDMARKS + ";", LANDMARKS[:-3] + "x", ";".join(["4"] * 136), "9" * 50 + LANDMARKS[2:], "NaN"],
    6: ["10", "11", "8", "1.5", "", "happy", "-1", "1.0", "nan"],
    7: ["-2", "7", "", "1.0000001", "-1.5", "1e-1", "+0.5", "-"],
    8: ["-2", "null", "1_0", "-0.0", ".5"],
    9: ["1", "true", "0", "maybe", ""],
}


def random_rows(count, seed):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        cells = [*map(str, row(name=f"images/{number % 50}.jpg", expression=number % 11)), "1"]
        for column, others in CELLS.items():
            if rng.random() < 0.03:
                cells[column] = str(rng.choice(others))
        kind = rng.random()
        rows.append("" if kind < 0.003 else ",,,,,,,,," if kind < 0.01 else ",".join(cells))
    return rows


def read(path):
    skipped = SkippedRows(str(path), 1.0)
    rows, total = affectnet_reading.read_rows(path, skipped)
    return rows, total, skipped


@pytest.mark.parametrize("seed", range(4))
def test_blocks_and_rows_give_the_same(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(delimited_blocks, "BLOCK_BYTES", 1 << 14)
    path = tmp_path / "training.csv"
    text = "\n".join([",".join(HEADER), *random_rows(400, seed)])
    path.write_text(text + "\n")
    by_blocks, total, skipped = read(path)
    assert sum(isinstance(block, Block) for block in blocks(ListFile(path, REQUIRED))) > 3
    path.write_text('"' + text.replace(",", '",', 1) + "\n")  # a quote in the header: all rows singly
    assert not any(isinstance(block, Block) for block in blocks(ListFile(path, REQUIRED)))
    by_rows, other_total, other_skipped = read(path)
    assert total == other_total and by_blocks.count == by_rows.count > 100
    for name, column in vars(by_rows).items():
        if isinstance(column, np.ndarray):
            np.testing.assert_array_equal(getattr(by_blocks, name), column, err_msg=name)
            assert getattr(by_blocks, name).dtype == column.dtype
    assert by_blocks.paths.tolist() == by_rows.paths.tolist()
    assert skipped.faults == other_skipped.faults and skipped.left_out == other_skipped.left_out
    assert skipped.first == other_skipped.first and len(skipped.faults) > 20


def test_a_list_without_header_is_read_by_blocks_too(tmp_path):
    path = tmp_path / "training.csv"
    lines = [",".join(map(str, row(name=f"{number}.jpg"))) for number in range(3)]
    path.write_text("\n".join(lines) + "\n")
    (block,) = blocks(ListFile(path, REQUIRED, headerless=COLUMNS))
    assert isinstance(block, Block) and (block.first, len(block)) == (1, 3)
    rows, total, _ = read(path)
    assert total == 3 and rows.numbers.tolist() == [1, 2, 3] and rows.paths.tolist() == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_damaged_number_costs_its_own_row_alone(tmp_path):
    path = tmp_path / "training.csv"
    lines = [",".join(map(str, row(valence=value))) for value in (0.25, "0.2.5", 0.75)]
    path.write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    rows, total, skipped = read(path)
    assert total == 3 and rows.valence_arousal[:, 0].tolist() == [0.25, 0.75]
    assert skipped.faults == [(str(path), 3, "valence is not a number")]
