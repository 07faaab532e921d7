import pathlib

import pytest
from PIL import Image

from affect_jax.data.face_search import SEARCHES


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def listed(name, root):
    search = SEARCHES[name](str(root))
    return [(entry.name, entry.file.relative_to(root).as_posix()) for entry in search.entries]


def test_recordings_of_all_splits_by_name_images_before_videos(tmp_path):
    videos, frames = tmp_path / "videos", tmp_path / "frames"
    touch(videos / "Train_DE_01.mp4", videos / "Devel_DE_01.AVI", videos / "._x.mp4", videos / "notes.txt")
    touch(frames / "Train_DE_01" / "00001.jpg", frames / "v" / "utterance_1" / "00001.png", frames / "w" / "cover.png")
    assert listed("sewa", tmp_path) == [
        ("Devel_DE_01", "landmarks/Devel_DE_01.csv"),
        ("Train_DE_01", "landmarks/Train_DE_01.csv"),
        ("v/utterance_1", "landmarks/v/utterance_1.csv"),
    ]
    assert SEARCHES["omg"] is SEARCHES["recola"] is SEARCHES["sewa"]
    touch(tmp_path / "released" / "RECOLA-Video-recordings" / "P16.mp4")
    assert listed("recola", tmp_path / "released") == [("P16", "landmarks/P16.csv")]
    with pytest.raises(FileNotFoundError, match=rf"no recordings such as .*; it lies in {tmp_path}: set root to"):
        SEARCHES["sewa"](str(frames))


def test_images_of_each_split_with_landmarks_beside_their_emotions(tmp_path):
    touch(tmp_path / "train" / "Happiness" / "a.jpg", tmp_path / "test" / "sad" / "x" / "b.PNG")
    touch(
        tmp_path / "train" / "landmarks" / "Happiness" / "a_landmarks.txt", tmp_path / "train" / "Happiness" / "c.txt"
    )
    assert listed("folder", tmp_path) == [
        ("test/sad/x/b.PNG", "test/landmarks/sad/x/b_landmarks.txt"),
        ("train/Happiness/a.jpg", "train/landmarks/Happiness/a_landmarks.txt"),
    ]
    assert listed("folder", tmp_path / "train") == [("Happiness/a.jpg", "landmarks/Happiness/a_landmarks.txt")]
    (tmp_path / "outer").mkdir()
    (tmp_path / "train").rename(tmp_path / "outer" / "train")
    (tmp_path / "test").rename(tmp_path / "outer" / "test")
    with pytest.raises(
        FileNotFoundError, match=r"no folders of emotions, such as .*/happy or .*train/happy; it lies in"
    ):
        SEARCHES["folder"](str(tmp_path / "outer" / "train" / "Happiness"))


def test_all_frames_of_the_sequences_with_an_emotion(tmp_path):
    stem = "S005_001_0000000"
    images = tmp_path / "cohn-kanade-images"
    touch(*(images / "S005" / "001" / f"{stem}{number}.png" for number in (1, 2)))
    touch(images / "S006" / "001" / "S006_001_00000001.png")
    without = listed("ck_plus", tmp_path)
    assert [name for name, _ in without] == [
        f"S005/001/{stem}1.png",
        f"S005/001/{stem}2.png",
        "S006/001/S006_001_00000001.png",
    ]
    touch(tmp_path / "Emotion" / "S005" / "001" / f"{stem}2_emotion.txt")
    assert listed("ck_plus", tmp_path)[1] == (f"S005/001/{stem}2.png", f"Landmarks/S005/001/{stem}2_landmarks.txt")
    assert len(listed("ck_plus", tmp_path)) == 2
    (tmp_path / "landmarks").mkdir()  # where there is a folder of landmarks already, it is completed
    assert listed("ck_plus", tmp_path)[0][1] == f"landmarks/S005/001/{stem}1_landmarks.txt"


def test_emotion_folders_of_ck_plus_and_its_table_of_crops(tmp_path):
    touch(tmp_path / "anger" / "S010_004_00000017.png")
    assert listed("ck_plus", tmp_path) == [
        ("anger/S010_004_00000017.png", "Landmarks/anger/S010_004_00000017_landmarks.txt")
    ]
    (tmp_path / "table").mkdir()
    touch(tmp_path / "table" / "ckextended.csv")
    with pytest.raises(FileNotFoundError, match="has ckextended.csv, whose images are face crops of 48 px"):
        SEARCHES["ck_plus"](str(tmp_path / "table"))


def test_an_image_is_footage_of_one_frame(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    path = tmp_path / "happy" / "a.jpg"
    path.parent.mkdir()
    Image.new("RGB", (40, 30), (200, 0, 0)).save(path, exif=exif)
    (entry,) = SEARCHES["folder"](str(tmp_path)).entries
    assert entry.still and entry.open().image(0).shape == (40, 30, 3)
    assert pathlib.Path(entry.open().where(0)) == path
