"""No reader uses whole pictures as face crops without a word."""

import logging

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.omg import OMGConfig, omg
from affect_jax.data.readers.raf_db import RAFDBConfig, raf_db
from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.sewa import SEWAConfig, sewa
from affect_jax.data.whole_images import is_whole, require_crops

CAMERA, CROP = (640, 490), (224, 224)
TIMES = [k / 10 for k in range(4)]


def image(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 90).save(path)


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def frames(folder, size):
    for number in range(1, 6):
        image(folder / f"{number:05d}.png", size)


def write_ck_plus(root, size):
    image(root / "cohn-kanade-images" / "S005" / "001" / "S005_001_00000001.png", size)
    text(root / "Emotion" / "S005" / "001" / "S005_001_00000001_emotion.txt", "5.0")


def write_folder(root, size):
    image(root / "happy" / "a.png", size)


def write_sewa(root, size):
    frames(root / "frames" / "Train_DE_01", size)
    rows = [f"'Train_DE_01';{time};0.1;0.1;0" for time in TIMES]
    text(root / "labels" / "Train_DE_01.csv", "\n".join(["name;timestamp;arousal;valence;liking", *rows]))


def write_recola(root, size):
    frames(root / "frames" / "train_1", size)
    for dimension in ("arousal", "valence"):
        text(root / dimension / "train_1.csv", "\n".join(["time;FM1", *(f"{time};0.1" for time in TIMES)]))


def write_omg(root, size):
    frames(root / "frames" / "v" / "utterance_1", size)
    text(root / "omg_TrainVideos.csv", "video,utterance,arousal,valence,EmotionMaxVote\nv,utterance_1.mp4,0.1,0.1,4\n")


def write_aff_wild2(root, size):
    frames(root / "cropped_aligned" / "video1", size)
    lines = "valence,arousal\n" + "0.1,0.2\n" * 5
    text(root / "VA_Estimation_Challenge" / "Train_Set" / "video1.txt", lines)


def write_raf_db(root, size):
    image(root / "Image" / "original" / "train_1.jpg", size)
    text(root / "EmoLabel" / "list_patition_label.txt", "train_1.jpg 4\n")


def write_affectnet(root, size):
    image(root / "a.jpg", size)
    text(root / "training.csv", "subDirectory_filePath,expression,valence,arousal\na.jpg,1,0.5,0.1\n")


READERS = {
    "ck_plus": (write_ck_plus, ck_plus, CKPlusConfig, {}),
    "folder": (write_folder, folder, FolderConfig, {}),
    "sewa": (write_sewa, sewa, SEWAConfig, {"fps": 10.0}),
    "recola": (write_recola, recola, RECOLAConfig, {"fps": 10.0}),
    "omg": (write_omg, omg, OMGConfig, {"fps": 10.0}),
    "aff_wild2": (write_aff_wild2, aff_wild2, AffWild2Config, {"challenges": ("VA",)}),
    "raf_db": (write_raf_db, raf_db, RAFDBConfig, {"images": "original"}),
    "affectnet": (write_affectnet, affectnet, AffectNetConfig, {}),
}
WITH_TABLES = ("ck_plus", "folder", "sewa", "recola", "omg")


@pytest.mark.parametrize("name", READERS)
def test_whole_pictures_without_landmarks_are_refused_by_every_reader(name, tmp_path):
    write, reader, config, options = READERS[name]
    write(tmp_path, CAMERA)
    with pytest.raises(ValueError, match=r"1 of 1 images tried are whole pictures such as 640 x 490 px") as refusal:
        reader(config(str(tmp_path), **options))
    command = f"python -m launch.find_faces --data={name} --data_root={tmp_path}"
    assert (command in str(refusal.value)) == (name in WITH_TABLES)
    source = reader(config(str(tmp_path), allow_whole_images=True, **options))
    assert source.image(0).shape == (490, 640, 3)


@pytest.mark.parametrize("name", READERS)
def test_gray_square_crops_are_read_and_the_crop_is_said(name, tmp_path, caplog):
    write, reader, config, options = READERS[name]
    write(tmp_path, CROP)
    caplog.set_level(logging.INFO, logger="absl")
    assert reader(config(str(tmp_path), **options)).image(0).shape == (224, 224, 3)
    assert "no landmarks: the crop is the whole image" in caplog.text


def test_shapes_of_cameras_and_of_crops():
    cameras = [(640, 490), (640, 480), (1280, 1024), (1920, 1080), (1080, 1920), (350, 128)]
    crops = [(48, 48), (112, 112), (224, 224), (1024, 1024), (160, 190), (200, 300), (230, 200)]
    small = [(40, 30), (64, 48), (160, 120)]  # nobody keeps whole photographs that small
    assert all(is_whole(size) for size in cameras)
    assert not any(is_whole(size) for size in crops + small + [(0, 0)])


def test_the_minority_is_noted_and_unknown_sizes_do_not_count(caplog):
    require_crops("folder", "D", [CAMERA, CROP, CROP, (0, 0)], allowed=False)
    assert "D: no landmarks: the crop is the whole image; 1 of 3 images tried are no face crops" in caplog.text
    with pytest.raises(ValueError, match=r"D: 2 of 3 images tried are whole pictures such as 640 x 490 px"):
        require_crops("folder", "D", [CAMERA, CAMERA, CROP, (0, 0)], allowed=False)


def test_landmarks_say_where_the_faces_are(tmp_path):
    write_folder(tmp_path, CAMERA)
    points = np.stack([np.linspace(200, 300, 68), np.linspace(100, 240, 68) ** 1.01], axis=1)
    lines = "".join(f"{x} {y}\n" for x, y in points)
    text(tmp_path / "landmarks" / "happy" / "a_landmarks.txt", lines)
    labels = folder(FolderConfig(str(tmp_path))).examples.labels
    np.testing.assert_allclose(labels["landmarks"].value[0], points, rtol=1e-6)
    assert labels["landmarks"].weight.tolist() == [1]
