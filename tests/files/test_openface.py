"""OpenFace tables, alone and with recordings."""

import csv
import re

import numpy as np
import pytest

from affect_jax.data.readers.sewa import SEWAConfig, sewa
from affect_jax.files.openface import POINTS, read_openface

HEADER = ["frame", "timestamp", "confidence", "success", *POINTS, "AU01_r"]


def write(path, rows):
    """Blanks after the commas of the header only, as OpenFace writes it."""
    lines = [", ".join(HEADER), *(",".join(map(str, row)) for row in rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def row(frame, success=1, first=100.0):
    return [frame, (frame - 1) / 25, 0.9, success, *(first + np.arange(136) / 8), 0.5]


def test_points_are_pairs_of_x_and_y_and_frames_count_from_zero(tmp_path):
    tracked = read_openface(write(tmp_path / "a.csv", [row(1), row(3, success=0, first=0.0), row(4, first=200.0)]))
    assert tracked.numbers.tolist() == [0, 2, 3] and tracked.found.tolist() == [True, False, True]
    np.testing.assert_allclose(tracked.landmarks[0, 5], (100 + 5 / 8, 100 + 73 / 8), rtol=1e-6)
    np.testing.assert_allclose(tracked.landmarks[2, 67], (200 + 67 / 8, 200 + 135 / 8), rtol=1e-6)


def test_a_real_table(shared_data):
    path = shared_data / "labels" / "openface2.csv"
    tracked = read_openface(path)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    assert len(rows) == len(tracked.numbers) == 100 and tracked.found.all()
    expected = [[(float(line[f"x_{k}"]), float(line[f"y_{k}"])) for k in range(68)] for line in rows]
    np.testing.assert_allclose(tracked.landmarks, expected, rtol=1e-6)
    eyes, chin = tracked.landmarks[:, 36:48, 1].mean(), tracked.landmarks[:, 8, 1].mean()
    assert eyes < chin  # y points down


def test_errors_name_the_problem(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("frame, confidence, success, AU01_r\n1,0.9,1,0.5\n")
    with pytest.raises(ValueError, match=r"a.csv, row 1: column x_0, x_1, x_2 is missing, .*OpenFace 2.*-2Dfp"):
        read_openface(path)
    with pytest.raises(ValueError, match=r"a.csv, row 3: frame 1 is out of order or repeated.*more than one face"):
        read_openface(write(path, [row(1), row(1)]))
    with pytest.raises(ValueError, match=r"a.csv, row 2: frame is 0, but OpenFace counts from 1; add 1"):
        read_openface(write(path, [row(0)]))
    with pytest.raises(ValueError, match=r"a.csv, row 3: landmarks are not finite, though success is 1"):
        read_openface(write(path, [row(1), row(2, first=np.nan)]))
    with pytest.raises(ValueError, match=r"a.csv, row 3: frame is 'sad', expected a number"):
        read_openface(write(path, [row(1), ["sad", *row(2)[1:]]]))
    with pytest.raises(ValueError, match=r"a.csv, row 3: landmarks are beyond any image, though.*: x_0 is '1e"):
        read_openface(write(path, [row(1), row(2, first=1e300)]))
    with pytest.raises(ValueError, match=r"a.csv, row 3: frame is '90{19}', expected a frame number"):
        read_openface(write(path, [row(1), row(9 * 10**24)]))


def test_numbers_that_no_float32_holds_are_no_fault_where_no_face_was_found(tmp_path):
    tracked = read_openface(write(tmp_path / "a.csv", [row(1), row(2, success=0, first=1e300)]))
    assert tracked.found.tolist() == [True, False] and not tracked.landmarks[1].any()


NO_VALUE = ["nan", "-nan", "-nan(ind)", "nan(snan)", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "NaN", "NA", "n/a", ""]


@pytest.mark.parametrize("word", NO_VALUE)
def test_a_frame_without_a_face_may_have_no_values_in_the_words_of_any_program(tmp_path, word):
    lost = [2, word, word, 0, *[word] * 136, word]
    tracked = read_openface(write(tmp_path / "a.csv", [row(1), lost, row(3)]))
    assert tracked.found.tolist() == [True, False, True] and not tracked.unusable
    assert np.isfinite(tracked.landmarks[tracked.found]).all()
    no_success = read_openface(write(tmp_path / "b.csv", [row(1), [2, 0.1, 0.9, word, *row(2)[4:]], row(3)]))
    assert no_success.found.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ([2, 0.04, 0.9, 1, "-nan(ind)", *row(2)[5:]], "landmarks are not finite, .*x_0 is '-nan.ind.'"),
        (row(2)[:60], "the row has 60 cells, expected 141; is it cut"),
        (["two", *row(2)[1:]], "frame is 'two', expected a number"),
        ([2, 0.04, 0.9, "yes", *row(2)[4:]], "success is 'yes'"),
        ([2, 0.04, 0.9, 7, *row(2)[4:]], "success is 7, expected 1, or 0"),
    ],
)
def test_one_defect_costs_one_row(tmp_path, broken, reason):
    tracked = read_openface(write(tmp_path / "a.csv", [row(1), broken, *(row(frame) for frame in range(3, 9))]))
    assert tracked.numbers.tolist() == [0, 2, 3, 4, 5, 6, 7]
    ((number, message),) = tracked.unusable
    assert number == 3 and re.search(reason, message)
    for column in ("timestamp", "confidence"):  # not needed, so no defect
        cells = row(2)
        cells[HEADER.index(column)] = "-nan(ind)"
        assert not read_openface(write(tmp_path / "a.csv", [row(1), cells])).unusable


def test_tables_of_spreadsheets_are_read(tmp_path):
    path = write(tmp_path / "a.csv", [row(1), row(2, first=50.5)])
    plain, text = read_openface(path), path.read_text().replace(", ", ",")
    for content in (text.replace(",", ";"), "sep=;\n" + text.replace(",", ";"), text.replace(",", "\t")):
        path.write_text(content)
        np.testing.assert_array_equal(read_openface(path).landmarks, plain.landmarks)
    path.write_text(text.replace(",", ";").replace(".", ","))
    np.testing.assert_array_equal(read_openface(path).landmarks, plain.landmarks)
    path.write_bytes(text.encode("utf-16"))
    np.testing.assert_array_equal(read_openface(path).landmarks, plain.landmarks)


def test_a_header_only_or_a_doubled_column_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"a.csv has a header but no rows, expected one for each frame"):
        read_openface(write(tmp_path / "a.csv", []))
    path = tmp_path / "b.csv"
    path.write_text(",".join([*HEADER, "x_0"]) + "\n" + ",".join(map(str, [*row(1), 1])) + "\n")
    with pytest.raises(ValueError, match=r"b.csv, row 1: column x_0 is there more than once"):
        read_openface(path)


@pytest.fixture
def devel(tmp_path, write_film):
    """Two recordings of SEWA with ten frames at 25 fps; arousal is the time in seconds."""
    for name in ("Devel_DE_01", "Devel_DE_02"):
        write_film(tmp_path / "videos" / f"{name}.mp4", range(0, 100, 10))
        path = tmp_path / "labels" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        rows = [f"'{name}';{k / 10:.6f};{k / 10:.6f};0.000000;0.000000" for k in range(5)]
        path.write_text("\n".join(["name;timestamp;arousal;valence;liking", *rows]) + "\n")
        table = [row(frame, success=int(frame not in (3, 4)), first=frame) for frame in range(1, 10)]
        write(tmp_path / "landmarks" / f"{name}.csv", table)
    return tmp_path


def test_frames_without_a_face_are_left_out_of_a_recording(devel):
    source = sewa(SEWAConfig(str(devel), split="devel"))
    table, seen = source.examples, [0, 1, 4, 5, 6, 7, 8]  # the tenth frame was not tracked
    assert table.frames[table.clips == "Devel_DE_02"].tolist() == seen
    labels = table.labels
    np.testing.assert_allclose(labels["landmarks"].value[:7, 0, 0], np.array(seen) + 1)
    np.testing.assert_allclose(labels["valence_arousal"].value[:7, 1], np.array(seen) / 25, atol=1e-6)
    assert labels["landmarks"].weight.all() and labels["valence_arousal"].weight.all()
    assert abs(source.image(3).mean() - 50) < 3


def test_recordings_without_usable_landmarks_are_counted(devel):
    path = devel / "landmarks" / "Devel_DE_02.csv"
    write(path, [row(frame, success=0) for frame in range(1, 10)])
    for message in (
        "Devel_DE_02.csv has no face in any of the 10 frames",
        "no landmarks at .*Devel_DE_02.csv, expected",
    ):
        with pytest.raises(ValueError, match=f"recording has no usable landmarks: .*{message}"):
            sewa(SEWAConfig(str(devel), split="devel", strict=True))
        path.unlink(missing_ok=True)
    assert set(sewa(SEWAConfig(str(devel), split="devel", max_skipped_fraction=0.5)).examples.clips) == {"Devel_DE_01"}


def test_the_first_true_reason_is_in_the_message_and_in_skipped_csv(devel):
    rows = [row(frame, first=frame) for frame in range(1, 10)]
    for broken in rows[4:]:
        broken[5] = "-nan(ind)"
    write(devel / "landmarks" / "Devel_DE_02.csv", rows)
    skipped, reason = devel / "skipped.csv", "row 6: landmarks are not finite, though success is 1: x_1 is '-nan(ind)'"
    with pytest.raises(ValueError, match=r"no usable landmarks: .*Devel_DE_02.csv, row 6: .*x_1 is '-nan"):
        sewa(SEWAConfig(str(devel), split="devel", skipped_csv=str(skipped)))
    with open(skipped, newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["reason"].startswith("recording has no usable landmarks: ") and reason in line["reason"]
    (devel / "landmarks" / "Devel_DE_01.csv").unlink()
    with pytest.raises(ValueError, match="none of the 2 .* can be used .*no landmarks at .*DE_01.csv, expected"):
        sewa(SEWAConfig(str(devel), split="devel"))
