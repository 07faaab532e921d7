"""Side files that cannot belong to their recording: each unit, size, span and length that they may have by mistake."""

import re

import numpy as np
import pytest

from affect_jax.data.belonging import check_landmarks, check_position, check_times, clock_notes, count_notes, misplaced
from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.sewa import SEWAConfig, sewa
from affect_jax.files.openface import POINTS

WIDTH, HEIGHT = 640, 360
FRAMES = np.arange(250) / 25


def face(center=(320.0, 180.0), side=120.0):
    """68 points on a schematic face: jaw, eyes above the chin, the person's right eye at the left."""
    points = np.zeros((68, 2), np.float32)
    angle = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([np.cos(angle) / 2, np.sin(angle) / 2], 1)
    points[36:42], points[42:48], points[17:36], points[48:] = (-0.2, -0.2), (0.2, -0.2), (0.0, 0.0), (0.0, 0.3)
    return (points * side + np.array(center)).astype(np.float32)


FACES = np.stack([face((300.0 + k, 180.0)) for k in range(10)])


def notes(faces, width=WIDTH, height=HEIGHT):
    return check_landmarks("a.csv", faces, np.full((len(faces), 2), (width, height), float))


def test_true_landmarks_raise_no_suspicion():
    assert notes(FACES) == []
    assert notes(np.stack([face((600.0, 300.0))])) == []  # cut by the border
    assert misplaced(face(), None, WIDTH, HEIGHT) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda faces: faces / (WIDTH, HEIGHT), r"span less than 4 px .*640 x 360 px.*multiply them by its width"),
        (lambda faces: 2 * faces / (WIDTH, HEIGHT) - 1, "span less than 4 px"),
        (lambda faces: (faces - faces.mean(1, keepdims=True)) * 1.5, "most landmarks lie outside .*are they in mm"),
        (lambda faces: faces * 3, "most landmarks lie outside the picture of 640 x 360 px: they reach from"),
        (lambda faces: faces + (700, 0), "most landmarks lie outside"),
    ],
)
def test_landmarks_in_another_unit_or_of_a_larger_picture_are_refused(change, message):
    wrong = change(FACES).astype(np.float32)
    with pytest.raises(ValueError, match=f"a.csv: .*{message}"):
        notes(wrong)
    assert misplaced(wrong[0], None, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda faces: faces * 0.5, "upper left quarter .*tracked at a smaller size"),
        (lambda faces: faces * 1.6, "of the landmarks lie outside the picture"),
        (lambda faces: (WIDTH, 0) + faces * (-1, 1), "mirrored"),
        (lambda faces: (0, HEIGHT) + faces * (1, -1), "chin is not below the eyes"),
        (lambda faces: faces[..., ::-1], "chin is not below the eyes"),
    ],
)
def test_landmarks_that_are_unlikely_are_noted(change, message):
    (note,) = notes(change(FACES).astype(np.float32))
    assert re.search(message, note)


def position(faces, width, height):
    """The head's place in mm one meter before OpenFace's camera."""
    focal = (500 * width / 640 + 500 * height / 480) / 2
    x, y = ((faces.mean(1) - (width / 2, height / 2)) * 1000 / focal).T
    return np.stack([x, y, np.full(len(x), 1000.0)], 1)


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.5])
def test_the_position_of_the_head_tells_the_size_that_was_tracked(scale):
    size = np.array((WIDTH, HEIGHT), float)
    check_position("a.csv", FACES, position(FACES, WIDTH, HEIGHT), size)
    check_position("a.csv", FACES, np.full((10, 3), np.nan), size)
    other = (FACES * scale).astype(np.float32)
    with pytest.raises(
        ValueError, match=rf"a.csv: .*about {scale:.2g} times as large .*multiply .* by {1 / scale:.3g}"
    ):
        check_position("a.csv", other, position(other, WIDTH * scale, HEIGHT * scale), size)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(0, 10_000, 100.0), "0 to 9900 s, but the recording has 10 s.*milliseconds. Divide them by 1000"),
        (np.arange(250.0), r"numbers of frames. Divide them by the frame rate \(25\)"),
        (np.arange(0, 10, 0.1) * 1e6, "microseconds"),
        (np.arange(100.0), "are they sample numbers. Divide them by the labels' rate"),  # 0, 1, 2, ... of 10 Hz
        (np.delete(np.arange(1.0, 51.0), [3, 20]), "are they sample numbers"),  # of 5 Hz, some are missing
        (np.arange(0, 300, 0.1), "expected seconds from the start"),
        (np.arange(0, 10, 0.1) + 3600, "expected seconds from the start"),
        (np.arange(0, 10, 0.1) + 20, "they begin after its end"),
        (np.arange(0, 10, 0.1) / 60, "minutes"),
        (np.arange(0, 10, 0.1) / 1000, "minutes"),
    ],
)
def test_label_times_in_another_unit_or_span_are_refused(labels, message):
    with pytest.raises(ValueError, match=f"a.csv: the labels run from .*{message}"):
        check_times("a.csv", labels, FRAMES)


def test_labels_of_a_part_of_the_recording_are_noted_and_whole_ones_are_not():
    assert check_times("a", np.arange(0, 10, 0.1), FRAMES) == check_times("a", np.arange(0, 9.8, 0.04), FRAMES) == []
    assert check_times("a", np.arange(11.0), FRAMES) == []  # one label a second is no number of frames
    assert "cover only 22% of the recording" in check_times("a", np.arange(0, 2.2, 0.1), FRAMES)[0]
    for longer in (np.arange(0, 99, 0.1), np.arange(0, 50, 5.0), np.arange(19.0), np.arange(0.5, 50)):
        assert "go on after the recording" in check_times("a", longer, FRAMES)[0]


def test_tables_with_other_rows_or_clocks_are_noted():
    assert count_notes(5390, 5395) == count_notes(9, 10) == []
    assert count_notes(30, 60) == [
        "the table has 30 rows for 60 frames; was it made from another version of the video?"
    ]
    assert count_notes(120, 60)
    assert clock_notes(FRAMES, FRAMES) == clock_notes(FRAMES * np.nan, FRAMES) == []
    assert "span 8.3 s and those of the same frames 9.96 s" in clock_notes(np.arange(250) / 30, FRAMES)[0]


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def write_sewa(root, write_film, times=None, rows=range(1, 51), scale=1.0):
    """A recording of 50 frames at 25 fps of 32 x 32 px, with labels at 10 Hz and an OpenFace table."""
    write_film(root / "videos" / "Devel_DE_01.mp4", [128] * 50)
    times = np.arange(0, 2, 0.1) if times is None else times
    (root / "labels").mkdir()
    lines = [f"'Devel_DE_01';{time:.6f};0.1;0.2;0.0" for time in times]
    (root / "labels" / "Devel_DE_01.csv").write_text("\n".join(["name;timestamp;arousal;valence;liking", *lines]))
    points = ",".join(f"{value:.4f}" for value in (face((16.0, 16.0), 16.0) * scale).T.ravel())
    (root / "landmarks").mkdir()
    table = [",".join(["frame", "success", *POINTS]), *(f"{row},1,{points}" for row in rows)]
    (root / "landmarks" / "Devel_DE_01.csv").write_text("\n".join(table))
    return SEWAConfig(str(root), split="devel")


def test_a_reader_accepts_side_files_that_belong_and_says_nothing(tmp_path, write_film, caplog):
    assert len(sewa(write_sewa(tmp_path, write_film)).examples) == 50
    assert not warnings(caplog)


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"times": np.arange(0, 2000, 100.0)}, "label times do not belong to the recording.*Divide them by 1000"),
        ({"times": np.arange(20.0)}, "label times do not belong to the recording.*are they sample numbers"),
        ({"scale": 1 / 32}, r"no usable landmarks.*landmarks/Devel_DE_01.csv: the landmarks span less than 4 px"),
        ({"scale": 3.0}, "no usable landmarks.*most landmarks lie outside the picture of 32 x 32 px"),
    ],
)
def test_a_reader_refuses_side_files_that_cannot_belong(tmp_path, write_film, faults, message):
    with pytest.raises(ValueError, match=message):
        sewa(write_sewa(tmp_path, write_film, **faults))


def test_a_reader_warns_once_a_recording_of_what_is_unlikely(tmp_path, write_film, caplog):
    sewa(write_sewa(tmp_path, write_film, times=np.arange(0, 0.6, 0.1), rows=range(1, 31), scale=0.45))
    (line,) = warnings(caplog)
    assert line.startswith("recording Devel_DE_01: ")
    for part in ("labels cover only 30%", "upper left quarter", "30 rows for 50 frames"):
        assert part in line


def test_other_readers_of_label_times_share_the_check(tmp_path, write_film):
    write_film(tmp_path / "videos" / "dev_1.mp4", [128] * 50)
    for dimension in ("arousal", "valence"):
        (tmp_path / dimension).mkdir()
        rows = [f"{40 * k};0.1" for k in range(50)]
        (tmp_path / dimension / "dev_1.csv").write_text("\n".join(["time;FM1", *rows]))
    with pytest.raises(ValueError, match=r"label times do not belong .*milliseconds.*dev_1.csv"):
        recola(RECOLAConfig(str(tmp_path), split="dev"))
