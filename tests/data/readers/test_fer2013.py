import csv

import numpy as np
import pytest

from affect_jax import emotions
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.face_crops import prepare
from affect_jax.data.readers.fer2013 import FER2013Config, fer2013

FACE = np.arange(2304) % 256


def text(values=FACE):
    return " ".join(str(int(value)) for value in values)


def write_list(root, rows, name="fer2013.csv", header=("emotion", "pixels", "Usage")):
    with open(root / name, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def load(root, **options):
    return fer2013(FER2013Config(str(root), **options))


def test_reads_pixels_row_by_row_and_splits_by_usage(tmp_path):
    rows = [(0, text(), "Training"), (6, text(FACE[::-1]), "PublicTest"), (3, text(255 - FACE), "Training")]
    write_list(tmp_path, [*rows, (5, text(), "PrivateTest")])
    source = load(tmp_path)
    np.testing.assert_array_equal(source.image(0), np.repeat(FACE.reshape(48, 48, 1), 3, 2))
    np.testing.assert_array_equal(source.image(1)[..., 0], 255 - FACE.reshape(48, 48))
    assert source.image(0).dtype == np.uint8 and source.label_set == "fer2013_7"
    names = emotions.names("fer2013_7")
    assert [names[int(e.labels["emotion"].value.argmax())] for e in source.examples] == ["anger", "happy"]
    assert [example.name for example in source.examples] == ["Training/2", "Training/4"]
    labels = source.examples.labels
    assert labels["emotion"].weight.all() and set(labels) == {"emotion"}
    for split in ("validation", "public_test", "PublicTest"):
        assert load(tmp_path, split=split).examples[0].labels["emotion"].value.argmax() == 6
    assert load(tmp_path, split="test").examples[0].labels["emotion"].value.argmax() == 5


def test_the_order_of_emotions_is_the_data_sets_own():
    # From the read-me of the challenge: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    to_affectnet = [emotions.names("affectnet_8")[i] for i in emotions.translation("fer2013_7", "affectnet_8")]
    assert to_affectnet == ["anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_the_other_two_forms_read_the_same(tmp_path):
    (tmp_path / "icml").mkdir()
    header = ("emotion", " Usage", " pixels")
    write_list(tmp_path / "icml", [(2, "Training", text())], "icml_face_data.csv", header)
    (tmp_path / "kaggle").mkdir()
    write_list(tmp_path / "kaggle", [(2, text())], "train.csv", ("emotion", "pixels"))
    for root in (tmp_path / "icml", tmp_path / "kaggle", tmp_path / "kaggle" / "train.csv"):
        source = load(root)
        np.testing.assert_array_equal(source.image(0)[..., 1].ravel(), FACE)
        assert source.examples[0].labels["emotion"].value.argmax() == 2
    with pytest.raises(ValueError, match=r"train.csv has no column Usage, so all rows are training"):
        load(tmp_path / "kaggle", split="test")


@pytest.mark.parametrize("usage", ["Training", "training", "TRAINING"])
def test_emotions_and_usages_may_be_words_in_any_capitals(tmp_path, usage):
    words = ["Angry", "disgust", "FEAR", "happiness", "Sadness", "surprise", "Neutral"]
    rows = [(word, text(), usage) for word in words]
    write_list(tmp_path, [*rows, ("0", text(), "Public Test"), ("1", text(), "private_test")])
    for split, expected in (("training", list(range(7))), ("validation", [0]), ("test", [1])):
        labels = load(tmp_path, split=split, strict=True).examples.labels["emotion"]
        assert labels.value.argmax(1).tolist() == expected


@pytest.mark.parametrize(
    "bad, reason, message",
    [
        ((7, text(), "Training"), "emotion out of 0..6", "emotion is 7, expected 0 anger, 1 disgust"),
        (("bored", text(), "Training"), "emotion is not a number", "emotion is 'bored'"),
        (("", text(), "Training"), "emotion is not a number", "emotion is ''"),
        ((1, text(FACE[:-1]), "Training"), "wrong number of pixels", r"2303, expected 48 x 48 = 2304"),
        ((1, text(FACE + 1), "Training"), "pixels out of 0..255", "1 to 256"),
        ((1, text()[:-3] + "x", "Training"), "pixels are not numbers", "expected integers"),
        ((1, text(FACE * 0), "Training"), "image has one color", "every pixel is 0"),
        ((1, text(), "Trainig"), "Usage is unknown", "'Trainig', expected Training, PublicTest"),
        ((1, text()), "wrong number of cells", "2, expected 3"),
    ],
)
def test_an_invalid_row_is_skipped_by_reason_or_raises_when_strict(tmp_path, bad, reason, message):
    write_list(tmp_path, [(0, text(), "Training"), bad, (8, "", "PublicTest")])
    skipped_csv = tmp_path / "skipped.csv"
    source = load(tmp_path, max_skipped_fraction=0.5, skipped_csv=str(skipped_csv))
    assert len(source.examples) == 1  # and the bad row of another split costs nothing
    with open(skipped_csv, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("3", reason)]
    with pytest.raises(ValueError, match=f"fer2013.csv, row 3: {reason}: .*{message}"):
        load(tmp_path, strict=True)
    with pytest.raises(ValueError, match=r"1 of 2 rows \(50.0%\) are unusable"):
        load(tmp_path)


def test_wrong_paths_columns_and_splits_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no list at .*: expected fer2013.csv or icml_face_data.csv"):
        load(tmp_path)
    write_list(tmp_path, [(text(),)], header=("pixels",))
    with pytest.raises(ValueError, match="row 1: column emotion is missing; the header has pixels"):
        load(tmp_path)
    (tmp_path / "fer2013.csv").write_text("")
    with pytest.raises(ValueError, match="fer2013.csv is empty; expected the columns emotion, pixels"):
        load(tmp_path)
    write_list(tmp_path, [(0, text(), "Training")])
    with pytest.raises(ValueError, match="fer2013.csv, split test: no usable rows; is it the right list and split"):
        load(tmp_path, split="test")
    write_list(tmp_path, [(0, "1" * 200_000, "Training")])
    with pytest.raises(ValueError, match="fer2013.csv, row 2: field larger than field limit .*is this a CSV list"):
        load(tmp_path)
    with pytest.raises(ValueError, match="split is 'evaluation'; choose training, public_test"):
        load(tmp_path, split="evaluation")


def test_the_whole_face_is_the_crop(tmp_path):
    write_list(tmp_path, [(0, text(), "Training")])
    source = load(tmp_path)
    crop, _ = prepare(source.image(0), source.examples[0].labels, 48, None, AugmentConfig())
    np.testing.assert_allclose(crop[..., 0], FACE.reshape(48, 48) / 255, atol=1e-6)
