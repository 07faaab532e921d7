import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.source import with_label_set

NAMES = emotions.names("aff_wild2_8")
EXPRESSIONS = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
VA, EXPR = "VA_Estimation_Challenge", "EXPR_Recognition_Challenge"


def images(root, video, numbers):
    folder = root / "cropped_aligned" / video
    folder.mkdir(parents=True)
    for number in numbers:
        Image.new("RGB", (112, 112), (number, number, number)).save(folder / f"{number:05d}.jpg")


def labels(root, challenge, video, header, rows, split="Train_Set", top="6th ABAW Annotations"):
    folder = root / top / challenge / split
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{video}.txt").write_text("\n".join((header, *rows)) + "\n")


@pytest.fixture
def root(tmp_path):
    images(tmp_path, "video1", (1, 2, 4, 5, 6))  # frame 3 shows no face; there is one image more than lines
    rows = ("0.602,0.389", "-0.024,0.279", "0.1,0.1", "-5,-5", "-1,1")
    labels(tmp_path, VA, "video1", "valence,arousal", rows)
    labels(tmp_path, EXPR, "video1", EXPRESSIONS, ("4", "-1", "0", "7", "1"))
    images(tmp_path, "10-60-1280x720_right", (1, 2))
    labels(tmp_path, EXPR, "10-60-1280x720_right", EXPRESSIONS, ("3", "6"))
    images(tmp_path, "10-60-1280x720", (1,))
    labels(tmp_path, EXPR, "10-60-1280x720", EXPRESSIONS, ("2",))
    images(tmp_path, "video2", (1, 2))
    labels(tmp_path, VA, "video2", "valence,arousal", ("0.5,0.5", "0.5,-5"), split="Validation_Set")
    return tmp_path


def load(root, **options):
    return aff_wild2(AffWild2Config(str(root), **options))


def of(source, clip):
    chosen = np.flatnonzero(source.examples.clips == clip)
    return [source.examples[int(index)] for index in chosen], chosen


def test_an_image_has_the_labels_of_the_line_of_its_number(root):
    source = load(root)
    examples, index = of(source, "video1")
    assert [example.frame for example in examples] == [0, 1, 3, 4, 5]
    values = [example.labels["valence_arousal"].value.tolist() for example in examples]
    np.testing.assert_allclose(values, [(0.602, 0.389), (-0.024, 0.279), (0, 0), (-1, 1), (0, 0)], atol=1e-6)
    assert [int(example.labels["valence_arousal"].weight) for example in examples] == [1, 1, 0, 1, 0]
    assert [int(example.labels["emotion"].weight) for example in examples] == [1, 0, 1, 1, 0]
    named = [NAMES[int(e.labels["emotion"].value.argmax())] for e in examples if e.labels["emotion"].weight]
    assert named == ["happy", "other", "anger"]
    np.testing.assert_allclose(examples[2].time_seconds, 3 / 30)
    assert abs(source.image(int(index[2])).mean() - 4) < 1


def test_two_people_in_a_video_are_two_subjects(root):
    subjects = load(root).examples.subjects
    assert sorted(set(subjects)) == ["10-60-1280x720", "10-60-1280x720_right", "video1"]


def test_splits_and_challenges(root):
    source = load(root, split="validation")
    assert (
        source.examples.labels["valence_arousal"].weight.tolist() == [1, 0]
        and not source.examples.labels["emotion"].value.any()
    )
    assert set(load(root, challenges=("VA",)).examples.clips) == {"video1"}
    with pytest.raises(
        FileNotFoundError, match=r"no annotations of split .validation. in .*EXPR.*Validation_Set/video1.txt"
    ):
        load(root, split="validation", challenges=("EXPR",))
    with pytest.raises(ValueError, match=r"challenges is \('AU',\); choose from VA, EXPR"):
        load(root, challenges=("AU",))
    with pytest.raises(ValueError, match="split is 'test'; choose training, validation"):
        load(root, split="test")


def test_the_names_of_the_first_years(tmp_path):
    images(tmp_path, "v", (1, 2))
    labels(tmp_path, "VA_Set", "v", "valence,arousal", ("0.1,0.2", "0.3,0.4"), "Training_Set", "annotations")
    header = EXPRESSIONS.removesuffix(",Other")
    labels(tmp_path, "EXPR_Set", "v", header, ("6", "-1"), "Training_Set", "annotations")
    source = load(tmp_path)
    np.testing.assert_allclose(source.examples.labels["valence_arousal"].value, [(0.1, 0.2), (0.3, 0.4)], atol=1e-6)
    assert NAMES[int(source.examples.labels["emotion"].value[0].argmax())] == "surprise"
    labels(tmp_path, VA, "v", "valence,arousal", ("0.1,0.2",))
    with pytest.raises(ValueError, match=r"VA annotations twice: .*6th ABAW.*; set annotations to the folder of one"):
        load(tmp_path)
    assert load(tmp_path, annotations="annotations").examples.labels["valence_arousal"].weight.all()


def test_other_is_not_an_emotion_of_other_label_sets(root):
    known = with_label_set(load(root), "affectnet_8").examples.labels["emotion"].weight
    assert known.sum() == load(root).examples.labels["emotion"].weight.sum() - 1


@pytest.mark.parametrize(
    ("challenge", "row", "reason", "message"),
    [
        (VA, "1.2,0.0", "valence out of -1..1", "valence is 1.2, expected -1 to 1"),
        (VA, "0.2", "wrong number of cells", "1, expected 2"),
        (VA, "0.2,", "arousal is not a number", "arousal is '', expected -1 to 1"),
        (VA, "0.2,nan", "arousal is not a number", "arousal is 'nan', expected -1 to 1"),
        (VA, "0.2,0.1,0.3", "wrong number of cells", "3, expected 2"),
        (VA, "", "wrong number of cells", "0, expected 2"),
        (EXPR, "8", "expression out of -1..7", "expression is 8, expected 0 neutral, 1 anger"),
        (EXPR, "sad", "expression is not a number", "expression is 'sad'"),
    ],
)
def test_an_unusable_line_is_recorded_and_the_others_keep_their_position(root, challenge, row, reason, message):
    path = root / "6th ABAW Annotations" / challenge / "Train_Set" / "video1.txt"
    lines = path.read_text().split("\n")
    path.write_text("\n".join([lines[0], row, *lines[2:]]))
    skipped = root / "skipped.csv"
    examples, _ = of(load(root, max_skipped_fraction=0.2, skipped_csv=str(skipped)), "video1")
    weights = [(int(e.labels["valence_arousal"].weight), int(e.labels["emotion"].weight)) for e in examples]
    first = (0, 1) if challenge == VA else (1, 0)
    assert weights == [first, (1, 0), (0, 1), (1, 1), (0, 0)]
    with open(skipped, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("2", reason)]
    with pytest.raises(ValueError, match=rf"row 2: {reason}: .*{message}.*video1.txt, row 2"):
        load(root, strict=True)


def test_videos_without_images_and_labels_of_another_video_are_counted(root):
    labels(root, VA, "video3", "valence,arousal", ("0.5,0.5",))
    with pytest.raises(ValueError, match=r"videos: 1 of 4 rows \(25.0%\) are unusable: 1 x video has no usable images"):
        load(root)
    images(root, "video3", (1, 2, 90))
    with pytest.raises(ValueError, match=r"labels and images do not match: .*video3.txt has 1 lines, but .*00090"):
        load(root, strict=True)
    assert "video3" not in load(root, max_skipped_fraction=0.3).examples.clips


def test_a_video_in_both_splits_causes_a_warning(root, caplog):
    labels(root, EXPR, "video1", EXPRESSIONS, ("1",), split="Validation_Set")
    load(root)
    assert (
        "of 3 videos of split 'training', 1 are also in 'validation' of the other challenge, such as video1"
        in caplog.text
    )


def test_wrong_headers_and_folders_are_named(root):
    path = root / "6th ABAW Annotations" / EXPR / "Train_Set" / "video1.txt"
    path.write_text("AU1,AU2\n0,0\n")
    with pytest.raises(
        ValueError, match=r"video1.txt, row 1: the header is 'AU1,AU2', expected the expressions neutral"
    ):
        load(root)
    (root / "6th ABAW Annotations" / VA / "Train_Set" / "video1.txt").write_text("0.1,0.2\n")
    with pytest.raises(ValueError, match=r"video1.txt, row 1: the header is '0.1,0.2', expected valence,arousal"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"no folder .*faces, expected one folder per video"):
        load(root, images="faces")
