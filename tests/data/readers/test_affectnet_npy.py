import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.affectnet_npy import AffectNetNpyConfig, affectnet_npy

POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(20, 44, 68) ** 1.01], axis=1).round(2)
NUMBERS = POINTS.ravel()


def face(root, name, exp="1", val="0.5", aro="-0.25", lnd=NUMBERS, split="train_set", suffix=".jpg"):
    """One image with its four arrays, as the distribution writes them: strings without axes, and 136 numbers."""
    for folder in ("images", "annotations"):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    pixels = (np.arange(64 * 64 * 3).reshape(64, 64, 3) % 251).astype(np.uint8)
    Image.fromarray(pixels).save(root / split / "images" / f"{name}{suffix}")
    for kind, value in {"exp": exp, "val": val, "aro": aro, "lnd": lnd}.items():
        if value is not None:
            np.save(root / split / "annotations" / f"{name}_{kind}.npy", np.array(value))


def load(root, **options):
    return affectnet_npy(AffectNetNpyConfig(str(root), **options))


def skipped(path):
    with open(path, newline="") as file:
        return {int(line["row"]): line["reason"] for line in csv.DictReader(file)}


def test_reads_strings_and_numbers_in_the_order_of_the_ids(tmp_path):
    face(tmp_path, "10", exp="7", val="-0.653310", aro="0.5")
    face(tmp_path, "9", exp=np.int64(0), val=np.float64(0.125), aro=np.float32(0.25), lnd=POINTS)
    face(tmp_path, "100", lnd=[f"{value}" for value in POINTS.ravel()], suffix=".png")
    face(tmp_path, "3", split="val_set")
    source = load(tmp_path)
    assert [example.name for example in source.examples] == ["9", "10", "100"] == list(source.examples.subjects)
    labels = source.examples.labels
    np.testing.assert_array_equal(
        labels["valence_arousal"].value, np.float32([[0.125, 0.25], [-0.65331, 0.5], [0.5, -0.25]])
    )
    np.testing.assert_array_equal(labels["emotion"].value.argmax(1), [0, 7, 1])
    np.testing.assert_allclose(labels["landmarks"].value, np.broadcast_to(POINTS, (3, 68, 2)), rtol=1e-6)
    assert source.label_set == "affectnet_8" and source.image(2).shape == (64, 64, 3)
    assert [example.name for example in load(tmp_path, split="validation").examples] == ["3"]


def test_codes_for_not_annotated_become_weight_zero_or_leave_the_face_out(tmp_path):
    face(tmp_path, "1", exp="-2")
    face(tmp_path, "2", val="-2", aro="-2")
    face(tmp_path, "3", exp="8")
    face(tmp_path, "4", exp="10", val="-2", aro="-2")
    face(tmp_path, "5", exp="9", val="-2", aro="-2", lnd=None)
    source = load(tmp_path, skipped_csv=str(tmp_path / "skipped.csv"))
    assert [example.name for example in source.examples] == ["1", "2", "3"]
    labels = source.examples.labels
    np.testing.assert_array_equal(labels["emotion"].weight, [0, 1, 0])
    np.testing.assert_array_equal(labels["valence_arousal"].weight, [1, 0, 1])
    assert skipped(tmp_path / "skipped.csv") == {4: "expression is 10 (non-face)", 5: "row has no label"}


def test_without_landmarks_the_whole_image_is_the_crop(tmp_path):
    face(tmp_path, "1", lnd=None)
    source = load(tmp_path)
    assert source.examples[0].labels["landmarks"].weight == 0 and source.image(0).shape == (64, 64, 3)


FAULTS = {
    "no expression": ({"exp": None}, "annotation is missing", r"no expression at .*2_exp.npy"),
    "no valence": ({"val": None}, "annotation is missing", r"no valence at .*2_val.npy"),
    "another code": ({"exp": "11"}, "expression out of 0..10", "expected 0 neutral"),
    "a word": ({"exp": "joyful"}, "expression is not a number", "expression is 'joyful'"),
    "out of range": ({"aro": "5"}, "arousal out of [-1, 1]", "divide by 10"),
    "two values": ({"val": ["0.1", "0.2"]}, "annotation has the wrong type", r"\(2,\), expected one string"),
    "words for points": ({"lnd": ["here"] * 136}, "annotation has the wrong type", "expected 136 numbers"),
    "few points": ({"lnd": [1.0, 2.0]}, "wrong number of landmarks", "has 2 numbers"),
    "points beyond any image": (
        {"lnd": POINTS.ravel() * 1e300},
        "facial_landmarks are not numbers",
        "all of them finite",
    ),
    "far points": ({"lnd": POINTS.ravel() + 500}, "landmarks lie outside the image", "64 x 64 px"),
    "an object": ({"exp": {"os": 1}}, "annotation cannot be read", "contains Python objects, which are not loaded"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_an_invalid_face_is_skipped_by_reason_or_raises_when_strict(tmp_path, case):
    options, reason, message = FAULTS[case]
    face(tmp_path, "1")
    face(tmp_path, "2", **options)
    source = load(tmp_path, max_skipped_fraction=0.5, skipped_csv=str(tmp_path / "skipped.csv"))
    assert [example.name for example in source.examples] == ["1"]
    assert skipped(tmp_path / "skipped.csv") == {2: reason}
    with pytest.raises(ValueError, match=f"train_set, row 2: .*{message}"):
        load(tmp_path, strict=True)
    with pytest.raises(ValueError, match=r"1 of 2 rows \(50.0%\) are unusable"):
        load(tmp_path)


def test_points_stored_column_by_column_are_the_same_points(tmp_path):
    face(tmp_path, "1", lnd=np.asfortranarray(POINTS))
    np.testing.assert_allclose(load(tmp_path).examples.labels["landmarks"].value[0], POINTS, rtol=1e-6)


@pytest.mark.parametrize("old, new", [(b"(), ", b"(-1,"), (b"'descr'", b"\0descr'"), (b"<U1", b">U1"), (b"}", b"{")])
def test_a_damaged_header_of_an_array_costs_its_face(tmp_path, old, new):
    face(tmp_path, "1")
    face(tmp_path, "2")
    path = tmp_path / "train_set" / "annotations" / "2_exp.npy"
    whole = path.read_bytes()
    assert old in whole
    path.write_bytes(whole.replace(old, new))
    listed = tmp_path / "skipped.csv"
    assert len(load(tmp_path, max_skipped_fraction=0.5, skipped_csv=str(listed)).examples) == 1
    assert skipped(listed) == {2: "annotation cannot be read"}


def test_broken_arrays_and_images_and_lone_annotations_are_counted(tmp_path):
    for name in "123456":
        face(tmp_path, name)
    folder = tmp_path / "train_set"
    (folder / "images" / "2.jpg").unlink()
    (folder / "annotations" / "3_exp.npy").write_bytes(b"")
    (folder / "annotations" / "4_val.npy").write_bytes(b"\x93NUMPY\x01\x00")
    (folder / "images" / "5.jpg").write_bytes((folder / "images" / "5.jpg").read_bytes()[:300])
    (folder / "images" / ".6.jpg").write_bytes(b"")  # left by a file manager
    source = load(tmp_path, max_skipped_fraction=0.8, skipped_csv=str(tmp_path / "skipped.csv"))
    assert [example.name for example in source.examples] == ["1", "6"]
    assert skipped(tmp_path / "skipped.csv") == {
        2: "image is missing",
        3: "annotation cannot be read",
        4: "annotation cannot be read",
        5: "image is truncated",
    }


def test_automatic_cleaning_works_here_but_manual_cleaning_is_rejected(tmp_path):
    face(tmp_path, "1", exp="1", val="0.5", aro="0")
    face(tmp_path, "2", exp="2", val="0.5", aro="0")
    assert [example.name for example in load(tmp_path, clean="automatic").examples] == ["1"]
    with pytest.raises(ValueError, match="has no manual check; choose 'automatic'"):
        load(tmp_path, clean="automatic+correct")


def test_wrong_paths_state_what_was_expected(tmp_path):
    face(tmp_path, "1")
    with pytest.raises(FileNotFoundError, match=r"no folder .*val_set/images; splits found in .*: train_set"):
        load(tmp_path, split="validation")
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere; root is the folder that contains train_set"):
        load(tmp_path / "nowhere")


def test_files_of_other_systems_are_left_out(tmp_path):
    face(tmp_path, "1")
    for name in ("images/._1.jpg", "annotations/._1_exp.npy", "annotations/._2_lnd.npy"):
        (tmp_path / "train_set" / name).write_bytes(b"\0\5\x16\7")
    assert [example.name for example in load(tmp_path).examples] == ["1"]
