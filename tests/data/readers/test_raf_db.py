import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.readers.raf_db import RAFDBConfig, raf_db
from affect_jax.types import UnreadableImage

PIXELS = (np.arange(100 * 100 * 3).reshape(100, 100, 3) % 251).astype(np.uint8)


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(PIXELS).save(path.with_suffix(".png"))
    path.with_suffix(".png").rename(path)  # the bytes of a PNG under the list's name: exact pixels


@pytest.fixture
def root(tmp_path):
    rows = ["train_00001.jpg 5", "train_00002.jpg 4", "train_00003.jpg 1", "test_0001.jpg 7"]
    (tmp_path / "EmoLabel").mkdir()
    (tmp_path / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(rows) + "\n")
    for row in rows:
        name = row.split(".")[0]
        save(tmp_path / "Image" / "aligned" / f"{name}_aligned.jpg")
        save(tmp_path / "Image" / "original" / f"{name}.jpg")
    return tmp_path


def load(root, **options):
    return raf_db(RAFDBConfig(str(root), **options))


def test_codes_begin_at_one_and_splits_go_by_prefix(root):
    source = load(root)
    assert [example.name for example in source.examples] == ["train_00001", "train_00002", "train_00003"]
    names = emotions.names(source.label_set)
    # 1 surprise 2 fear 3 disgust 4 happiness 5 sadness 6 anger 7 neutral
    assert [names[i] for i in source.examples.labels["emotion"].value.argmax(1)] == ["sad", "happy", "surprise"]
    np.testing.assert_array_equal(source.image(0), PIXELS)
    for split in ("test", "validation"):
        (example,) = load(root, split=split).examples
        assert example.name == "test_0001" and names[int(example.labels["emotion"].value.argmax())] == "neutral"
    assert load(root.parent / root.name).label_set == "raf_db_7"


def test_a_ratio_for_images_that_are_not_cropped_is_named(root, caplog):
    load(root, box_side_ratio=2.0)
    assert "box_side_ratio is 2.0, which has no effect: aligned images are not cropped" in caplog.text
    caplog.clear()
    load(root, images="original", box_side_ratio=2.0)
    assert "no effect" not in caplog.text


def test_originals_are_cut_at_their_face_box(root):
    boxes = root / "Annotation" / "boundingbox"
    boxes.mkdir(parents=True)
    (boxes / "train_00001_boundingbox.txt").write_text("20.0 30.0 60.0 50.0\n")
    source = load(root, images="original", box_side_ratio=2.0)
    # mean side 30, crop side 60, center (40, 40): left 10, top 10
    np.testing.assert_array_equal(source.image(0), PIXELS[10:70, 10:70])
    np.testing.assert_array_equal(source.image(1), PIXELS)  # no box: the whole image
    (boxes / "train_00002_boundingbox.txt").write_text("20.0 30.0 60.0\n")
    (boxes / "train_00003_boundingbox.txt").write_text("20 30 20 50\n")
    skipped = root / "skipped.csv"
    assert len(load(root, images="original", max_skipped_fraction=0.7, skipped_csv=str(skipped)).examples) == 1
    text = skipped.read_text()
    assert "2,face box is not four numbers" in text and "3,face box is empty" in text


@pytest.mark.parametrize(
    "bad, reason, message",
    [
        ("train_00009.jpg 8", "emotion out of 1..7", "emotion is 8, expected 1 surprise, 2 fear, 3 disgust, 4 happy"),
        ("train_00009.jpg 0", "emotion out of 1..7", "emotion is 0"),
        ("train_00009.jpg sad", "emotion is not a number", "emotion is 'sad'"),
        ("train_00009.jpg", "wrong number of cells", "expected for example 'train_00001.jpg 5'"),
        ("00009.jpg 3", "image is in no split", "starts with neither train_ nor test_"),
        (
            "train_00009.jpg 3",
            "image is missing",
            "expected a complete image at .*Image/aligned/train_00009_aligned.jpg",
        ),
    ],
)
def test_an_invalid_row_is_skipped_by_reason_or_raises_when_strict(root, bad, reason, message):
    path = root / "EmoLabel" / "list_patition_label.txt"
    path.write_text(path.read_text() + bad + "\n")
    skipped = root / "skipped.csv"
    assert len(load(root, max_skipped_fraction=0.25, skipped_csv=str(skipped)).examples) == 3
    with open(skipped, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("5", reason)]
    with pytest.raises(ValueError, match=f"list_patition_label.txt, row 5: {reason}: .*{message}"):
        load(root, strict=True)
    with pytest.raises(ValueError, match=r"1 of 4 rows \(25.0%\) are unusable"):
        load(root)


def test_wrong_paths_and_options_are_named(root):
    with pytest.raises(FileNotFoundError, match=r"no EmoLabel/list_patition_label.txt in .*Image; root is"):
        load(root / "Image")
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere; root is the folder that contains EmoLabel"):
        load(root / "nowhere")
    with pytest.raises(ValueError, match="split is 'dev'; choose one of training"):
        load(root, split="dev")
    with pytest.raises(ValueError, match="images is 'cropped'; choose one of aligned, original"):
        load(root, images="cropped")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("form", ["{} {}", "{},{}", "{}; {}", "{}\t{}", "{},{},"])
def test_a_list_in_another_encoding_or_with_another_separator_is_the_same(root, encoding, form):
    path = root / "EmoLabel" / "list_patition_label.txt"
    plain = load(root, strict=True).examples
    rows = [form.format(*row.split()) for row in path.read_text().splitlines()]
    path.write_text("\r\n".join(rows) + "\r\n\r\n", encoding=encoding)
    found = load(root, strict=True).examples
    assert list(found.names) == list(plain.names)
    np.testing.assert_array_equal(found.labels["emotion"].value, plain.labels["emotion"].value)


def test_a_box_that_no_memory_holds_costs_its_image(root):
    boxes = root / "Annotation" / "boundingbox"
    boxes.mkdir(parents=True)
    (boxes / "train_00001_boundingbox.txt").write_text("20 30 1e30 50\n")
    (boxes / "train_00002_boundingbox.txt").write_text("20 30 60000 50\n")
    listed = root / "skipped.csv"
    source = load(root, images="original", max_skipped_fraction=0.5, skipped_csv=str(listed))
    assert [example.name for example in source.examples] == ["train_00002", "train_00003"]
    assert "face box is beyond any image" in listed.read_text()
    with pytest.raises(UnreadableImage, match="a side of 45000 px in an image of 100 x 100 px; correct the box"):
        source.image(0)
