"""Tables of action units: what is read from each program's, and what is refused."""

import numpy as np
import pytest

from affect_jax.data.action_units.unit_tables import read_unit_table

RIG = ("eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft", "cheekSquintLeft", "cheekSquintRight")
RIG += ("mouthSmileLeft", "mouthSmileRight")


def _write(path, columns, rows):
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _gaze(rows, mixed=False):
    """Coefficients of eyes that turn together, or whose columns are mixed up, and of a smile."""
    turn = np.sin(np.arange(rows))
    out_left, in_left = np.maximum(turn, 0), np.maximum(-turn, 0)
    in_right = out_left * 0.9
    inward = (in_left, in_right * 1.1) if mixed else (in_right, in_left)
    rest = np.random.default_rng(0).uniform(0, 1, (4, rows))
    return np.stack([out_left, *inward, *rest], axis=1).round(4)


def test_the_units_of_openface(tmp_path):
    columns = ["frame", " timestamp", " success", " AU06_r", " AU12_r", " AU12_c"]
    path = _write(tmp_path / "o.csv", columns, [(1, 0.0, 1, 0.5, 2.5, 1), (2, 0.04, 0, 9, 9, 1), (3, 0.08, 1, 1, 5, 1)])
    table = read_unit_table(path)
    assert table.traces.units == (6, 12) and table.scale == 5
    np.testing.assert_array_equal(table.traces.left, [[0.5, 2.5], [9, 9], [1, 5]])
    np.testing.assert_array_equal(table.traces.right, table.traces.left)
    np.testing.assert_array_equal(table.traces.found, [True, False, True])
    np.testing.assert_allclose(table.traces.times_seconds, [0, 0.04, 0.08])
    np.testing.assert_array_equal(table.frames, [0, 1, 2])
    assert table.notes[0].startswith("no columns of AU1, AU2, AU4, AU5, AU7, AU9") and not table.has_clock


def test_a_real_table_of_openface(shared_data):
    table = read_unit_table(shared_data / "labels" / "openface2.csv")
    assert table.traces.units == (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
    assert not table.notes
    assert len(table.traces) == 100 and 0 <= table.traces.left.min() and table.traces.left.max() <= 5


def test_live_link_face_spells_and_orders_names_its_own_way_and_counts_frames(tmp_path):
    columns = ["Timecode", "BlendShapeCount", "MouthSmileRight", "MouthSmileLeft", "JawOpen", "HeadYaw"]
    rows = [("14:03:52:58.500", 61, 0.2, 0.1, 0.3, 1), ("14:03:52:59.500", 61, 0.4, 0.3, 0.3, 1)]
    rows.append(("14:03:53:00.500", 61, 0.6, 0.5, 0.3, 1))
    table = read_unit_table(_write(tmp_path / "l.csv", columns, rows))
    assert table.traces.units == (12, 26) and table.scale == 1
    np.testing.assert_array_equal(table.traces.left, [[0.1, 0.3], [0.3, 0.3], [0.5, 0.3]])
    np.testing.assert_array_equal(table.traces.right, [[0.2, 0.3], [0.4, 0.3], [0.6, 0.3]])
    np.testing.assert_allclose(table.traces.times_seconds, [0, 1 / 60, 2 / 60], atol=1e-9)
    with pytest.raises(
        ValueError, match="row 2: Timecode is '14:03:52:58.500', which counts to more frames than the 30"
    ):
        read_unit_table(tmp_path / "l.csv", timecode_fps=30.0)


def test_blendshapes_of_a_prediction_warn_of_units_that_the_network_leaves_near_zero(tmp_path):
    columns = ["time_seconds", "face", "success", "_neutral", "eyeWideLeft", "eyeWideRight", "mouthSmileLeft"]
    columns.append("mouthSmileRight")
    rows = [(0.0, 0, 1, 0, 0.01, 0.01, 0.5, 0.6), (0.1, "", 0, "", "", "", "", ""), (0.2, 0, 1, 0, 0.0, 0.0, 0.1, 0.2)]
    table = read_unit_table(_write(tmp_path / "p.csv", columns, rows))
    assert table.traces.units == (5, 12)
    np.testing.assert_array_equal(table.traces.found, [True, False, True])
    assert table.notes == (
        "no columns of AU1, AU2, AU4, AU6, AU7, AU9, AU15, AU16, AU20, AU23, AU26, which a face rig has",
        "MediaPipe's network leaves AU5 (eyeWide) near zero, whatever the face does",
    )


def test_units_that_mediapipe_never_shows_are_left_out(tmp_path):
    columns = ["time_seconds", "_neutral", "cheekSquintLeft", "cheekSquintRight", "mouthSmileLeft", "mouthSmileRight"]
    table = read_unit_table(_write(tmp_path / "p.csv", columns, [(0.0, 0, 0, 0, 0.5, 0.6), (0.1, 0, 0, 0, 0.1, 0.2)]))
    assert table.traces.units == (12,)
    assert "MediaPipe's network never shows AU6 (cheekSquint), which are left out" in table.notes
    assert "AU6," not in table.notes[0]


def test_a_face_has_to_be_chosen_where_there_are_several(tmp_path):
    columns = ["time_seconds", "face", "success", "mouthSmileLeft", "mouthSmileRight"]
    rows = [(0.0, 0, 1, 0.1, 0.1), (0.0, 1, 1, 0.9, 0.9), (0.1, 0, 1, 0.2, 0.2), (0.1, 1, 1, 0.8, 0.8)]
    path = _write(tmp_path / "two.csv", columns, rows)
    np.testing.assert_array_equal(read_unit_table(path, face=1).traces.left[:, 0], [0.9, 0.8])
    later = _write(tmp_path / "later.csv", ["frame", *columns], [(0, *rows[0]), (1, *rows[3])])
    np.testing.assert_array_equal(read_unit_table(later, face=1).traces.times_seconds, [0.1])
    np.testing.assert_array_equal(read_unit_table(later, face=1).frames, [1])
    with pytest.raises(ValueError, match="two.csv has the faces 0, 1; choose one"):
        read_unit_table(path)
    with pytest.raises(ValueError, match="two.csv has no face 4; it has 0, 1"):
        read_unit_table(path, face=4)


def test_mixed_sides_are_noticed_and_exchanged_ones_are_not(tmp_path):
    columns = ["time_seconds", *RIG]
    number = lambda values: [(index / 30, *row) for index, row in enumerate(values)]
    right = _write(tmp_path / "right.csv", columns, number(_gaze(40)))
    assert read_unit_table(right).traces.units == (6, 12)
    mixed = _write(tmp_path / "mixed.csv", columns, number(_gaze(40, mixed=True)))
    with pytest.raises(
        ValueError, match="mixed.csv: eyeLookOutLeft goes with eyeLookInLeft .* exchanged in some columns"
    ):
        read_unit_table(mixed)


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (["frame", "valence"], [(1, 0.2)], "row 1: no action units; expected columns such as AU12_r"),
        (["timestamp", "success", "AU12_r"], [], "has no rows below its header"),
        (["timestamp", "success", "AU12_r"], [(0, 0, 1.0)], "no row has a face; expected success 1"),
        (["timestamp", "success", "AU12_r"], [(0, 1, "much")], "row 2: AU12_r is 'much', expected a number"),
        (["success", "AU12_r"], [(1, 1.0)], "row 1: no column of times; expected one of time_seconds, timestamp"),
        (["frame", "timestamp", "AU12_r"], [(0, 0.0, 1)], "row 2: frame is '0', expected whole numbers from 1"),
        (["frame", "timestamp", "AU12_r"], [(2, 0, 1), (2, 1, 1)], "row 3: frame is '2', expected whole numbers from"),
        (["timestamp", "AU12_r"], [(0.0, 1), (0.2, 1), (0.1, 1)], "row 4: timestamp does not increase"),
        (["Timecode", "JawOpen"], [("12:00", 1)], "row 2: Timecode is '12:00', expected hours:minutes:seconds:frames"),
        (["timestamp", "success", "AU12_r"], [(0, 1, 1), (1, 1, ""), (2, 1, "")], "row 3: units are missing though a"),
    ],
)
def test_unusable_tables_are_refused(tmp_path, columns, rows, message):
    with pytest.raises(ValueError, match=message):
        read_unit_table(_write(tmp_path / "t.csv", columns, rows))
