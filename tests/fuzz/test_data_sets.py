"""Damaged lists and labels of every data set: labels in their ranges, or one sentence that names a file.

The images are whole: they are damaged in test_images.py.
"""

import csv
import io
import json
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from mutations import PROFILES, damaged_bytes, damaged_json, damaged_text, for_all, outcome
from PIL import Image

from affect_jax.data.readers.affectnet_rows import COLUMNS
from affect_jax.data.readers.ferplus import REQUIRED
from affect_jax.data.registry import READERS
from affect_jax.data.source import as_table
from affect_jax.files.openface import POINTS
from affect_jax.types import Source

FACE = " ".join(str(value % 256) for value in range(2304))
LANDMARKS = np.stack([np.linspace(10, 50, 68), np.linspace(20, 44, 68) ** 1.01], axis=1).round(2)


def write(root: pathlib.Path, name: str, lines: list[str]) -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return name


def image(path: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), (90, 60, 30)).save(path)


def rows(header: tuple[str, ...], *lines: tuple, separator: str = ",") -> list[str]:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows([header, *lines])
    return buffer.getvalue().splitlines()


def frames(root: pathlib.Path, name: str, count: int = 6) -> None:
    for frame in range(1, count + 1):
        image(root / "frames" / name / f"{frame:05d}.png")


def affectnet(root: pathlib.Path) -> list[str]:
    points = ";".join(f"{value:.2f}" for value in LANDMARKS.ravel())
    image(root / "images" / "a.png")
    faces = [("images/a.png", 8, 16, 40, 32, points, code, 0.5, -0.25) for code in (1, 3)]
    return [write(root, "training.csv", rows(COLUMNS, *faces))]


def affectnet_npy(root: pathlib.Path) -> list[str]:
    names = []
    image(root / "train_set" / "images" / "7.jpg")
    (root / "train_set" / "annotations").mkdir()
    for kind, value in {"exp": "1", "val": "0.5", "aro": "-0.25", "lnd": LANDMARKS.ravel()}.items():
        names.append(f"train_set/annotations/7_{kind}.npy")
        np.save(root / names[-1], np.array(value))
    return names


def fer2013(root: pathlib.Path) -> list[str]:
    faces = [(code, FACE, "Training") for code in (0, 3)]
    return [write(root, "fer2013.csv", rows(("emotion", "pixels", "Usage"), *faces))]


def ferplus(root: pathlib.Path) -> list[str]:
    votes = [("Training", f"fer000000{n}.png", *(5 if place == n else 1 for place in range(10))) for n in range(2)]
    return [write(root, "fer2013new.csv", rows(REQUIRED, *votes)), *fer2013(root)]


def raf_db(root: pathlib.Path) -> list[str]:
    for name in ("train_00001", "train_00002"):
        image(root / "Image" / "original" / f"{name}.jpg")
    box = write(root, "Annotation/boundingbox/train_00001_boundingbox.txt", ["20.0 30.0 60.0 50.0"])
    return [write(root, "EmoLabel/list_patition_label.txt", ["train_00001.jpg 5", "train_00002.jpg 4"]), box]


def ck_plus(root: pathlib.Path) -> list[str]:
    names = []
    for frame in range(1, 5):
        stem = f"S005_001_{frame:08d}"
        image(root / "cohn-kanade-images" / "S005" / "001" / f"{stem}.png")
        lines = [f"   {x:.7e}   {y:.7e}" for x, y in LANDMARKS]
        names.append(write(root, f"Landmarks/S005/001/{stem}_landmarks.txt", lines))
    return [write(root, f"Emotion/S005/001/{stem}_emotion.txt", ["   3.0000000e+00"]), *names]


def afew_va(root: pathlib.Path) -> list[str]:
    content = {"actor": "A", "frames": {}, "video_id": "001"}
    for frame in range(3):
        image(root / "001" / f"{frame:05d}.png")
        content["frames"][f"{frame:05d}"] = {"arousal": 5.0, "landmarks": LANDMARKS.tolist(), "valence": -3.0}
    return [write(root, "001/001.json", [json.dumps(content, indent=1)])]


def aff_wild2(root: pathlib.Path) -> list[str]:
    for frame in range(1, 4):
        image(root / "cropped_aligned" / "video1" / f"{frame:05d}.jpg")
    top = "6th ABAW Annotations"
    affect = ["valence,arousal", "0.602,0.389", "-5,-5", "-1,1"]
    expressions = ["Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other", "4", "-1", "7"]
    return [
        write(root, f"{top}/VA_Estimation_Challenge/Train_Set/video1.txt", affect),
        write(root, f"{top}/EXPR_Recognition_Challenge/Train_Set/video1.txt", expressions),
    ]


def omg(root: pathlib.Path) -> list[str]:
    header = ("link", "start", "end", "video", "utterance", "arousal", "valence", "EmotionMaxVote")
    lines = [("https://x", 0.8, 16.9, "74de", f"utterance_{n}.mp4", 0.3, -0.1, 4) for n in (1, 2)]
    for n in (1, 2):
        frames(root, f"74de/utterance_{n}")
    return [write(root, "omg_TrainVideos.csv", rows(header, *lines))]


def sewa(root: pathlib.Path) -> list[str]:
    frames(root, "Train_DE_01", 30)
    lines = [("Train_DE_01", f"{k / 10:.6f}", f"{0.05 * k:.6f}", f"{0.5 - 0.1 * k:.6f}", "0.0") for k in range(11)]
    header = ("name", "timestamp", "arousal", "valence", "liking")
    points, columns = LANDMARKS.T.ravel().tolist(), ("frame", "timestamp", "confidence", "success", *POINTS)
    tracked = [(k, k / 25, 0.9, 1, *points) for k in range(1, 31)]
    return [
        write(root, "labels/Train_DE_01.csv", rows(header, *lines, separator=";")),
        write(root, "landmarks/Train_DE_01.csv", rows(columns, *tracked)),
    ]


def recola(root: pathlib.Path) -> list[str]:
    frames(root, "train_1", 12)
    head = ["@relation GOLDSTANDARD", "", "@attribute Instance_name string", "@attribute frameTime numeric"]
    head += ["@attribute GoldStandard numeric", "", "@data", ""]
    lines = [f"train_1,{k / 25:g},{0.01 * k:.2f}" for k in range(12)]
    return [write(root, f"labels/gs_1/{kind}/train_1.arff", head + lines) for kind in ("arousal", "valence")]


def action_units(root: pathlib.Path) -> list[str]:
    frames(root, "anna/first", 12)
    header = ("frame", "timestamp", "success", "AU06_r", "AU12_r", "AU26_r")
    lines = [(k + 1, f"{k / 25:.3f}", 1, f"{0.3 * k:.2f}", f"{4 - 0.3 * k:.2f}", "0.00") for k in range(12)]
    return [write(root, "units/anna/first.csv", rows(header, *lines))]


ROOTS: dict[str, tuple[Callable[[pathlib.Path], list[str]], dict]] = {
    "affectnet": (affectnet, {"check_images": False}),
    "affectnet_npy": (affectnet_npy, {"check_images": False}),
    "fer2013": (fer2013, {}),
    "ferplus": (ferplus, {}),
    "raf_db": (raf_db, {"check_images": False, "images": "original"}),
    "ck_plus": (ck_plus, {"check_images": False}),
    "afew_va": (afew_va, {"check_images": False}),
    "aff_wild2": (aff_wild2, {}),
    "omg": (omg, {"fps": 25.0}),
    "sewa": (sewa, {"fps": 25.0}),
    "recola": (recola, {}),
    "action_units": (action_units, {"split": "all", "intensities": ("happy",), "fps": 25.0}),
}


def damaged(path: pathlib.Path):
    """Damaged contents of a file, by its kind."""
    data = path.read_bytes()
    if path.suffix == ".npy":
        return damaged_bytes(data)
    text = data.decode()
    kinds = damaged_text(text) | damaged_bytes(data)
    return damaged_json(text) | kinds if path.suffix == ".json" else kinds


def check_labels(source: Source) -> None:
    table = as_table(source.examples)
    assert len(table) and np.isfinite(table.time_seconds).all() and (table.time_seconds >= 0).all()
    for name, label in table.labels.items():
        known = label.value[label.weight > 0]
        assert np.isfinite(label.weight).all() and (label.weight >= 0).all() and np.isfinite(known).all()
        if name == "emotion":
            assert (known >= 0).all()
            np.testing.assert_allclose(known.sum(-1), 1, atol=1e-5)
        elif name.startswith("intensity_"):
            assert (known >= 0).all() and (known <= 10).all()
        elif name != "landmarks":
            assert (np.abs(known) <= 1).all()


@PROFILES
@pytest.mark.parametrize("name", ROOTS)
def test_a_data_set_with_a_damaged_file_has_labels_in_range_or_is_named(profile, name, tmp_path):
    build, options = ROOTS[name]
    files = build(tmp_path)
    whole = {file: (tmp_path / file).read_bytes() for file in files}
    reader, cls = READERS[name]
    split = {} if name in ("afew_va", "ck_plus", "action_units") else {"split": "training"}

    def read(tolerated: float) -> Source:
        return reader(cls(str(tmp_path), **split, **options, max_skipped_fraction=tolerated))

    def check(case: tuple[float, str, bytes]) -> None:
        tolerated, file, data = case
        (tmp_path / file).write_bytes(data)
        source = outcome(lambda: read(tolerated), str(tmp_path))
        (tmp_path / file).write_bytes(whole[file])
        if source is not None:
            check_labels(source)

    check_labels(read(0.0))
    cases = [st.tuples(st.sampled_from((0.0, 1.0)), st.just(file), damaged(tmp_path / file)) for file in files]
    for_all(profile, st.one_of(cases), check)
