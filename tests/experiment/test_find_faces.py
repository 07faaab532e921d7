"""Faces are drawn here as bright squares, and found by a stand-in for the network."""

import csv
import os
import re

import cv2
import numpy as np
import pytest
from bright_square import GRID, BrightSquare
from PIL import Image

from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.sewa import SEWAConfig, sewa
from affect_jax.experiment import find_faces as module
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.faces_report import MISSED, SHEET
from affect_jax.experiment.find_faces import find_faces


def picture(left, top, side=60):
    image = np.full((240, 320, 3), 60, np.uint8)
    if side:
        image[top : top + side + 1, left : left + side + 1] = 220
    return image


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def sequences(tmp_path):
    """CK+ of three people; the second of the first person's four frames is empty."""
    for subject in (5, 6, 7):
        for frame in range(1, 5):
            name = f"S{subject:03d}_001_{frame:08d}"
            side = 0 if (subject, frame) == (5, 2) else 60
            save(
                tmp_path / "cohn-kanade-images" / name[:4] / "001" / f"{name}.png",
                picture(10 * subject, 10 * frame, side),
            )
        path = tmp_path / "Emotion" / name[:4] / "001" / f"{name}_emotion.txt"
        path.parent.mkdir(parents=True)
        path.write_text("5.0")
    return tmp_path


def run(data, root, finder, output=None):
    return find_faces(data, str(root), output, lambda: finder)


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_the_reader_crops_by_what_was_found_and_leaves_out_what_was_missed(sequences):
    with pytest.raises(ValueError, match=f"python -m launch.find_faces --data=ck_plus --data_root={sequences}"):
        ck_plus(CKPlusConfig(str(sequences)))
    files = run("ck_plus", sequences, BrightSquare())
    source = ck_plus(CKPlusConfig(str(sequences), neutral_frames=2, peak_frames=2))
    names = [example.name[-27:-4] for example in source.examples]
    assert "S005/001/S005_001_00000002" not in str(names) and len(names) == 11
    expected = np.array([50, 10]) + GRID * 60  # of S005, frame 1
    np.testing.assert_allclose(source.examples.labels["landmarks"].value[0], expected, atol=0.0051)
    assert source.examples.labels["landmarks"].weight.all()
    assert files == [sequences / "Landmarks" / SHEET, sequences / "Landmarks" / MISSED]
    assert rows_of(files[1]) == [["name", "frame", "frames"], ["S005/001/S005_001_00000002.png", "0", "1"]]


def test_the_sheet_shows_missed_and_found_faces(sequences, tmp_path):
    output = tmp_path / "report"
    run("ck_plus", sequences, BrightSquare(), output)
    assert sorted(entry.name for entry in output.iterdir()) == [SHEET, MISSED]
    sheet = cv2.imread(str(output / SHEET))
    gray = sheet.max(-1)
    # Headings 40 px, tiles of 160 px, captions: the missed image stands first, without a bright square.
    missed, found = gray[40 + 20 : 40 + 140, 8:168], gray[40 + 188 + 80 + 20 : 40 + 188 + 80 + 140, 8:168]
    assert missed.max() == 60 and (found > 200).sum() > 500
    assert (sheet[40 + 188 + 80 : 40 + 188 + 80 + 160, 8:168] == (102, 209, 255)).all(-1).sum() > 50  # landmarks


def test_finished_work_is_kept_and_an_interruption_costs_one_image(sequences):
    with pytest.raises(KeyboardInterrupt):
        run("ck_plus", sequences, BrightSquare(stop_after=5))
    written = sorted((sequences / "Landmarks").rglob("*.txt"))
    assert len(written) == 5 and not list(sequences.rglob("*.part"))
    written[0].write_text("1 1\n" * 67 + "2 2\n")  # of someone's own making
    abandoned = written[0].with_name(f"{written[0].name}.4194304.part")  # of no process: above the highest number
    abandoned.write_text("")
    rest = BrightSquare()
    run("ck_plus", sequences, rest)
    assert rest.looked == 7 and not abandoned.exists()
    assert written[0].read_text().startswith("1 1\n")
    again = BrightSquare()
    run("ck_plus", sequences, again)
    assert again.looked == 0


def test_an_unreadable_image_costs_itself_and_the_exit_code(sequences):
    broken = sequences / "cohn-kanade-images" / "S006" / "001" / "S006_001_00000003.png"
    broken.write_bytes(b"no image")
    with pytest.raises(ValueError, match=rf"{re.escape(str(broken))}: file is not an image"):
        run("ck_plus", sequences, BrightSquare())
    files = [path.name for path in (sequences / "Landmarks").rglob("*.txt")]
    assert len(files) == 11 and "S006_001_00000003_landmarks.txt" not in files
    assert (sequences / "Landmarks" / SHEET).is_file()


def test_a_name_too_long_for_its_landmarks_costs_itself(tmp_path):
    for name in ("a", 245 * "b"):
        save(tmp_path / "happy" / f"{name}.png", picture(10, 20))
    with pytest.raises(ValueError, match="bbb_landmarks.txt"):
        run("folder", tmp_path, BrightSquare())
    source = folder(FolderConfig(str(tmp_path), max_skipped_fraction=0.5, skipped_csv=str(tmp_path / "skipped.csv")))
    assert [example.name for example in source.examples] == ["happy/a.png"]
    assert rows_of(tmp_path / "skipped.csv")[1][2] == "landmarks cannot be read"


def test_frames_of_a_recording_get_a_table_in_the_form_of_openface(tmp_path):
    for number in (1, 2, 3, 5, 6):  # the fourth is not there
        side = 0 if number in (2, 3) else 60
        save(tmp_path / "frames" / "Train_DE_01" / f"{number:05d}.png", picture(10 * number, 20, side))
    (tmp_path / "labels").mkdir()
    rows = [f"'Train_DE_01';{k / 10};0.1;0.1;0" for k in range(6)]
    (tmp_path / "labels" / "Train_DE_01.csv").write_text("\n".join(["name;timestamp;arousal;valence;liking", *rows]))
    run("sewa", tmp_path, BrightSquare())
    source = sewa(SEWAConfig(str(tmp_path), fps=10.0))
    assert source.examples.frames.tolist() == [0, 4, 5]
    for index, left in enumerate((10, 50, 60)):
        expected = np.array([left, 20]) + GRID * 60
        np.testing.assert_allclose(source.examples.labels["landmarks"].value[index], expected, atol=0.0051)
    assert rows_of(tmp_path / "landmarks" / MISSED)[1:] == [["Train_DE_01", "1", "3"]]


def test_tables_of_a_video_are_in_pixels_as_stored(tmp_path, monkeypatch):
    # Anamorphic frames are shown twice as wide as they are stored.
    save(tmp_path / "frames" / "one" / "00001.png", picture(100, 20))
    monkeypatch.setattr("affect_jax.data.recordings.NumberedImages.stretch", lambda self: (2.0, 1.0))
    run("sewa", tmp_path, BrightSquare())
    (row,) = rows_of(tmp_path / "landmarks" / "one.csv")[1:]
    x, y = np.array(row[5:73], float), np.array(row[73:], float)
    assert (x.min(), x.max(), y.min(), y.max()) == (50, 80, 20, 80)


def test_no_face_at_all_is_a_failure(tmp_path):
    save(tmp_path / "happy" / "a.png", picture(0, 0, 0))
    with pytest.raises(ValueError, match=r"no face was found in any of the 1 images; look at .*contact_sheet.png"):
        run("folder", tmp_path, BrightSquare())


def test_what_needs_no_faces_is_refused_before_the_finder_is_loaded(tmp_path):
    load = lambda: pytest.fail("loaded")
    with pytest.raises(
        UsageError, match="--data=affectnet: its reader takes no landmark tables.*choose one of action_units"
    ):
        find_faces("affectnet", str(tmp_path), None, load)
    with pytest.raises(UsageError, match=r"no folder .*nowhere; root is the folder with videos or frames"):
        find_faces("sewa", str(tmp_path / "nowhere"), None, load)
    save(tmp_path / "happy" / "a.png", picture(0, 0))
    save(tmp_path / "happy" / "a.bmp", picture(0, 0))
    with pytest.raises(UsageError, match="would share the landmarks a_landmarks.txt; rename one of them"):
        find_faces("folder", str(tmp_path), None, load)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_data_set_that_cannot_be_written_is_named(sequences):
    os.chmod(sequences, 0o500)
    with pytest.raises(OSError, match="may not write to .*; copy or link the data set into a folder of your own"):
        run("ck_plus", sequences, BrightSquare())


def test_without_the_extra_the_message_names_it(monkeypatch):
    def missing(path):
        raise ImportError('finding faces needs ai-edge-litert: pip install "affect_jax[face]"')

    monkeypatch.setattr("affect_jax.faces.finder.FaceFinder", missing)
    with pytest.raises(UsageError, match=r'pip install "affect_jax\[face\]"'):
        module.make_finder("")
