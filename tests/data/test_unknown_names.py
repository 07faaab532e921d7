"""Data under an unknown name, or beside files of other systems: named, refused or left out and counted."""

import json
import re
import shutil

import pytest

from affect_jax.data.readers.afew_va import AFEWVAConfig, afew_va
from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.sewa import SEWAConfig, sewa
from affect_jax.files.openface import POINTS
from tests.data.test_whereabouts import image, text


@pytest.fixture
def emotions_of_ck(tmp_path):
    for number in (1, 2, 3):
        image(tmp_path / "anger" / f"S010_004_{number:08d}.png")
        image(tmp_path / "sadness" / f"S022_002_{number:08d}.png")
    return tmp_path


def test_a_folder_of_images_that_is_no_emotion_is_refused_by_name(emotions_of_ck):
    for number in (1, 2, 3):
        image(emotions_of_ck / "suprise" / f"S010_001_{number:08d}.png")
    with pytest.raises(
        ValueError, match=r"folder suprise \(3 images\) is not an emotion of ck_plus_8; expected neutral"
    ):
        ck_plus(CKPlusConfig(str(emotions_of_ck)))
    with pytest.raises(ValueError, match="folder suprise is not an emotion of affectnet_8"):
        folder(FolderConfig(str(emotions_of_ck)))


def test_folders_of_which_none_is_an_emotion_are_listed(tmp_path):
    with pytest.raises(FileNotFoundError, match="folders such as .*/happy; it has no folders"):
        ck_plus(CKPlusConfig(str(tmp_path)))
    for word in ("Wut", "Freude", *(f"x{number:02d}" for number in range(10))):
        image(tmp_path / word / "S010_004_00000001.png")
    with pytest.raises(FileNotFoundError, match="happy; its folders are Freude, Wut, x00, x01.*, x07 and 2 more"):
        ck_plus(CKPlusConfig(str(tmp_path)))


def test_files_of_other_systems_are_left_out_without_a_word(emotions_of_ck, caplog):
    expected = {reader: len(load(emotions_of_ck).examples) for reader, load in BY_FOLDER.items()}
    for place in ("anger", ".", "__MACOSX/anger", ".Trash", "sadness/@eaDir"):
        for name in ("._S010_004_00000001.png", "Thumbs.db", ".DS_Store", "desktop.ini"):
            text(emotions_of_ck / place / name, "junk")
    shutil.copytree(emotions_of_ck / "anger", emotions_of_ck / "__MACOSX" / "happy")
    for reader, load in BY_FOLDER.items():
        assert len(load(emotions_of_ck).examples) == expected[reader] == 6
    assert "left out" not in caplog.text and "skipped" not in caplog.text


BY_FOLDER = {
    "ck_plus": lambda root: ck_plus(CKPlusConfig(str(root))),
    "folder": lambda root: folder(FolderConfig(str(root))),
}


@pytest.mark.parametrize("reader", BY_FOLDER)
def test_what_is_left_out_is_counted_with_its_first_name(emotions_of_ck, caplog, reader):
    for name in ("b.svg", "a.raw", "c.psd"):
        text(emotions_of_ck / "anger" / name, "x")
    BY_FOLDER[reader](emotions_of_ck)
    assert ": 3 (first anger/a.raw)" in caplog.text


def test_labels_under_an_unknown_name_are_named(tmp_path, write_film, caplog):
    write_film(tmp_path / "videos" / "Train_DE_01.mp4", [128] * 25)
    lines = ["name;timestamp;arousal;valence;liking", *(f"'Train_DE_01';{k / 10};0.1;0.2;0" for k in range(10))]
    text(tmp_path / "labels" / "Train_DE_01.csv", *lines)
    text(tmp_path / "labels" / "Train-DE-02.csv", *lines)
    text(tmp_path / "labels" / "._Train_DE_01.csv", "junk")
    assert len(sewa(SEWAConfig(str(tmp_path))).examples) == 25
    assert "no name such as Devel_DE_01.csv: 1 (first Train-DE-02.csv)" in caplog.text


def test_recordings_and_landmarks_under_an_unknown_name_are_named(tmp_path, write_film, caplog):
    film = write_film(tmp_path / "videos" / "Train_DE_01.mp4", [128] * 25)
    lines = ["name;timestamp;arousal;valence;liking", *(f"'Train_DE_01';{k / 10};0.1;0.2;0" for k in range(10))]
    text(tmp_path / "labels" / "Train_DE_01.csv", *lines)
    text(tmp_path / "OpenFace" / "Train_DE_01.csv", ", ".join(["frame", "success", *POINTS]))
    sewa(SEWAConfig(str(tmp_path)))
    assert "OpenFace/Train_DE_01.csv holds landmarks, but only" in caplog.text and "not cropped" in caplog.text
    (tmp_path / "OpenFace").rename(tmp_path / "landmarks")
    (tmp_path / "landmarks" / "Train_DE_01.csv").rename(tmp_path / "landmarks" / "Train_DE_01_of.csv")
    with pytest.raises(ValueError, match=r"no landmarks at .*; there is Train_DE_01_of.csv: rename it"):
        sewa(SEWAConfig(str(tmp_path), strict=True))
    film.rename(film.with_suffix(".rm"))
    with pytest.raises(ValueError, match=r"there is .*/Train_DE_01.rm, whose name or ending is not known"):
        sewa(SEWAConfig(str(tmp_path), strict=True))
    (tmp_path / "film").mkdir()
    (tmp_path / "videos").rename(tmp_path / "film" / "videos")
    film.with_suffix(".rm").with_name("x").parent.parent.joinpath("film/videos/Train_DE_01.rm").rename(
        tmp_path / "film" / "videos" / "Train_DE_01.mp4"
    )
    with pytest.raises(ValueError, match=r"it lies in .*/film: set root to that folder"):
        sewa(SEWAConfig(str(tmp_path), strict=True))


def test_images_without_a_frame_number_are_named(tmp_path, caplog):
    points = [[8 + k % 10, 8 + k // 10] for k in range(68)]
    frames = {"00000": {"valence": 1, "arousal": 2, "landmarks": points}}
    for root in (tmp_path / "a", tmp_path / "b"):
        text(root / "001" / "001.json", json.dumps({"actor": "Ann", "frames": frames}))
        text(root / "001" / "._001.json", "junk")
    image(tmp_path / "a" / "001" / "00000.png")
    image(tmp_path / "a" / "001" / "frame_1.png")
    assert len(afew_va(AFEWVAConfig(str(tmp_path / "a"))).examples) == 1
    assert "no frame number: 1 (first frame_1.png)" in caplog.text
    image(tmp_path / "b" / "001" / "frame_1.png")
    with pytest.raises(ValueError, match="no images named by frame number, such as 00000.jpg; it has frame_1.png"):
        afew_va(AFEWVAConfig(str(tmp_path / "b"), strict=True))


@pytest.mark.parametrize("challenge", ["EXPR_Set", "EXPR_Classification_Challenge", "EXPR_Recognition_Challenge"])
def test_challenge_folders_of_all_known_years_are_read(tmp_path, challenge):
    image(tmp_path / "cropped_aligned" / "video1" / "00001.jpg")
    text(tmp_path / "3rd" / challenge / "Train_Set" / "video1.txt", "Neutral,Anger,Disgust", "1")
    text(tmp_path / "__MACOSX" / challenge / "Train_Set" / "._video1.txt", "junk")
    assert aff_wild2(AffWild2Config(str(tmp_path))).examples.labels["emotion"].weight.tolist() == [1]


def test_challenge_folders_of_unknown_years_are_named(tmp_path, caplog):
    image(tmp_path / "cropped_aligned" / "video1" / "00001.jpg")
    text(tmp_path / "9th" / "VA_Estimation_Challenge" / "Train_Set" / "video1.txt", "valence,arousal", "0.1,0.2")
    text(tmp_path / "9th" / "EXPR_Guessing_Challenge" / "Train_Set" / "video1.txt", "Neutral,Anger,Disgust", "1")
    aff_wild2(AffWild2Config(str(tmp_path)))
    assert "folder of no known challenge: 1 (first 9th/EXPR_Guessing_Challenge)" in caplog.text
    with pytest.raises(FileNotFoundError, match="9th/EXPR_Guessing_Challenge has another name: rename it"):
        aff_wild2(AffWild2Config(str(tmp_path), challenges=("EXPR",)))


@pytest.mark.parametrize("name", ["Training", "train_set", "Train_Set (1)"])
def test_split_folders_under_an_unknown_name_are_named(tmp_path, caplog, name):
    image(tmp_path / "cropped_aligned" / "video1" / "00001.jpg")
    challenge = tmp_path / "9th" / "VA_Estimation_Challenge"
    text(challenge / name / "video1.txt", "valence,arousal", "0.1,0.2")
    text(challenge / "Test_Set" / "video2.txt", "video2")
    with pytest.raises(FileNotFoundError, match=f"; {re.escape(str(challenge / name))} has another name: rename it"):
        aff_wild2(AffWild2Config(str(tmp_path)))
    text(challenge / "Train_Set" / "video1.txt", "valence,arousal", "0.1,0.2")
    aff_wild2(AffWild2Config(str(tmp_path)))
    assert f"folder of no known split: 1 (first 9th/VA_Estimation_Challenge/{name})" in caplog.text
