"""Data one folder level off, for every reader."""

import shutil

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.afew_va import AFEWVAConfig, afew_va
from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_npy import AffectNetNpyConfig, affectnet_npy
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.fer2013 import FER2013Config, fer2013
from affect_jax.data.readers.ferplus import FERPlusConfig, ferplus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.omg import OMGConfig, omg
from affect_jax.data.readers.raf_db import RAFDBConfig, raf_db
from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.sewa import SEWAConfig, sewa


def image(path, side=24):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)).save(path)


def text(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


READERS = {  # reader, the files that it looks for, and what the hint says to set
    "affectnet": (lambda root: affectnet(AffectNetConfig(root)), ["training.csv"]),
    "affectnet_npy": (lambda root: affectnet_npy(AffectNetNpyConfig(root)), ["train_set/annotations/1_exp.npy"]),
    "fer2013": (lambda root: fer2013(FER2013Config(root)), ["fer2013.csv"]),
    "ferplus": (lambda root: ferplus(FERPlusConfig(root)), ["fer2013new.csv"]),
    "raf_db": (lambda root: raf_db(RAFDBConfig(root)), ["EmoLabel/list_patition_label.txt"]),
    "ck_plus": (lambda root: ck_plus(CKPlusConfig(root)), ["cohn-kanade-images/S005/001/a.png"]),
    "ck_plus folders": (lambda root: ck_plus(CKPlusConfig(root)), ["anger/S005_001_00000001.png"]),
    "folder": (lambda root: folder(FolderConfig(root)), ["happy/a.png"]),
    "sewa": (lambda root: sewa(SEWAConfig(root)), ["labels/Train_DE_01.csv"]),
    "recola": (lambda root: recola(RECOLAConfig(root)), ["a/b/arousal/train_1.csv", "a/b/valence/train_1.csv"]),
    "omg": (lambda root: omg(OMGConfig(root)), ["omg_TrainVideos.csv"]),
    "afew_va": (lambda root: afew_va(AFEWVAConfig(root)), ["001/001.json"]),
    "aff_wild2": (lambda root: aff_wild2(AffWild2Config(root)), ["cropped_aligned/video1/00001.jpg"]),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("levels", ["AffectNet", "Downloads/AffectNet"])
def test_a_folder_level_too_many_is_named(tmp_path, reader, levels):
    load, files = READERS[reader]
    for file in files:
        text(tmp_path / "root" / levels / file, "")
    with pytest.raises((FileNotFoundError, ValueError)) as error:
        load(str(tmp_path / "root"))
    found = tmp_path / "root" / levels
    if reader == "folder" and levels == "AffectNet":  # a folder of folders of emotions is a split
        assert "folder AffectNet is not an emotion" in str(error.value) and "set split to AffectNet" in str(error.value)
    else:
        assert str(error.value).partition("it lies in ")[2].startswith(str(found)), str(error.value)
        assert "set root to that folder" in str(error.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_root_that_points_too_deep_is_named(tmp_path, reader):
    load, files = READERS[reader]
    for file in files:
        text(tmp_path / "data" / file, "")
    deep = tmp_path / "data" / "deep"
    deep.mkdir()
    with pytest.raises((FileNotFoundError, ValueError), match=f"it lies in {tmp_path}/data: set root to that folder"):
        load(str(deep))


def recola_with_frames(root, labels=("labels",)):
    for folder_of_labels in labels:
        for dimension in ("arousal", "valence"):
            lines = [f"{k / 25};0.1" for k in range(20)]
            text(root / folder_of_labels / dimension / "train_1.csv", "time;FM1", *lines)
    for number in range(1, 21):
        image(root / "frames" / "train_1" / f"{number:05d}.png")


@pytest.mark.parametrize("labels", [("",), ("labels",), ("labels/gs_1",), ("gold", "individual")])
@pytest.mark.parametrize("above", ["Downloads", "."])
def test_a_root_above_labels_and_recordings_is_named_whichever_are_found_first(tmp_path, labels, above):
    top = tmp_path / "Downloads" / "RECOLA"
    recola_with_frames(top, labels)
    with pytest.raises((FileNotFoundError, ValueError), match=f"it lies in {top}: set root to that folder"):
        recola(RECOLAConfig(str(tmp_path / above)))
    if len(labels) == 1:
        assert len(recola(RECOLAConfig(str(top))).examples) == 20


def test_a_root_above_is_named_also_where_the_folder_of_labels_is_set(tmp_path):
    recola_with_frames(tmp_path / "RECOLA")
    with pytest.raises(FileNotFoundError, match=f"it lies in {tmp_path}/RECOLA: set root to that folder"):
        recola(RECOLAConfig(str(tmp_path), labels="labels"))
    with pytest.raises(FileNotFoundError, match=f"it lies in {tmp_path}/RECOLA/labels: set labels to that folder"):
        recola(RECOLAConfig(str(tmp_path / "RECOLA"), labels="gold"))


@pytest.mark.parametrize("images", ["aligned", "original"])
def test_a_root_that_is_the_folder_of_the_list_is_named(tmp_path, images):
    name = {"aligned": "train_00001_aligned.jpg", "original": "train_00001.jpg"}[images]
    text(tmp_path / "RAF" / "basic" / "EmoLabel" / "list_patition_label.txt", "train_00001.jpg 5")
    image(tmp_path / "RAF" / "basic" / "Image" / images / name)
    load = lambda root: raf_db(RAFDBConfig(str(root), images=images))
    assert len(load(tmp_path / "RAF").examples) == len(load(tmp_path / "RAF" / "basic").examples) == 1
    with pytest.raises(FileNotFoundError, match=f"no folder .*it lies in {tmp_path}/RAF/basic: set root to that"):
        load(tmp_path / "RAF" / "basic" / "EmoLabel")
    shutil.rmtree(tmp_path / "RAF" / "basic" / "Image")
    with pytest.raises(FileNotFoundError, match=rf"no folder .*/Image/{images}, expected the images of .*label.txt"):
        load(tmp_path / "RAF")


def test_images_of_a_list_that_lie_elsewhere_are_found_for_the_message(tmp_path):
    header = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
    text(tmp_path / "training.csv", header, "1/a.png,0,0,20,20,,1,0.5,0.5")
    image(tmp_path / "pictures" / "small" / "1" / "a.png")
    with pytest.raises(FileNotFoundError, match="it lies in .*/pictures/small: set images to that folder"):
        affectnet(AffectNetConfig(str(tmp_path)))
    text(tmp_path / "training.csv", header, "/home/me/1/a.png,0,0,20,20,,1,0.5,0.5")
    with pytest.raises(FileNotFoundError, match="its paths are absolute, expected paths relative to the folder"):
        affectnet(AffectNetConfig(str(tmp_path)))
