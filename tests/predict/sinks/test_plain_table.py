"""A table that is not continued: whole, or a part file after an error."""

import numpy as np
import pytest

from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.predict.sources import Frame
from affect_jax.tables.reading import read_rows
from affect_jax.tables.schema import Schema

SCHEMA = Schema("m", "c", 64, "tiny_3", ("valence_arousal",), boxes=True)


def write(table, frames):
    for index in range(frames):
        values = {"valence_arousal": np.float32([0.1 * index, -0.5])}
        box = {"box": (1.0, 2.0, 30.0, 40.0), "score": 0.75, "quality": 0.5}
        rows = [Row("a.mp4", index, 0.04 * index, face=face, values=values, **box) for face in (0, 2)]
        table.write(Frame("a.mp4", index, 0.04 * index, None), rows)


def test_all_faces_of_a_frame_have_a_row_and_facts_are_asked_for_at_the_end(tmp_path):
    facts = {}
    with PlainTable(tmp_path / "out" / "a.csv", SCHEMA, lambda: facts) as table:
        write(table, 3)
        facts["frames_dropped"] = 7
    rows = read_rows(tmp_path / "out" / "a.csv")
    assert rows.face.tolist() == [0, 2] * 3 and rows.frame.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(rows.values["valence_arousal"][:, 0], [0, 0, 0.1, 0.1, 0.2, 0.2], atol=1e-7)
    assert '"frames_dropped": 7' in (tmp_path / "out" / "a.schema.json").read_text()
    assert table.files == [tmp_path / "out" / "a.csv", tmp_path / "out" / "a.schema.json"]


def test_after_an_error_the_rows_so_far_are_in_a_part_file(tmp_path):
    with pytest.raises(KeyError), PlainTable(tmp_path / "a.csv", SCHEMA) as table:
        write(table, 2)
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv.part"] and not table.files
    assert (tmp_path / "a.csv.part").read_text().count("\n") == 5
