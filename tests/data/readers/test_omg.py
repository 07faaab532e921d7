import csv

import numpy as np
import pytest

from affect_jax import emotions
from affect_jax.data.folds import FoldConfig, take_fold
from affect_jax.data.readers.omg import OMGConfig, omg
from affect_jax.data.source import with_label_set

HEADER = "link,start,end,video,utterance,arousal,valence,EmotionMaxVote"
LINK = "https://www.youtube.com/watch?v=xfsvvbTlR38"
ROWS = (
    f"{LINK},0.8757512496324611,16.93119082622758,74de88564,utterance_1.mp4,0.057386889393300014,-0.114515408794,4",
    f"{LINK},33.86238165245516,34.73813290208763,74de88564,utterance_3.mp4,0.334812310222,0.0658844403379,3",
    f"{LINK},1.0,2.0,a1b2c3d4e,utterance_1.mp4,1.0,-1.0,0",
)


def write(root, rows=ROWS, name="omg_TrainVideos.csv"):
    (root / name).write_text("\n".join((HEADER, *rows)) + "\n")


@pytest.fixture
def root(tmp_path, write_film):
    write(tmp_path)
    for name, length in (("74de88564/utterance_1", 4), ("74de88564/utterance_3", 3), ("a1b2c3d4e/utterance_1", 2)):
        write_film(tmp_path / "videos" / f"{name}.mp4", range(0, 10 * length, 10))
    return tmp_path


def load(root, **options):
    return omg(OMGConfig(str(root), **options))


def test_every_frame_has_the_labels_of_its_utterance_in_their_own_units(root):
    source = load(root)
    labels = source.examples.labels
    expected = [(-0.114515408794, 0.057386889393300014)] * 4 + [(0.0658844403379, 0.334812310222)] * 3 + [(-1, 1)] * 2
    np.testing.assert_allclose(labels["valence_arousal"].value, expected, rtol=1e-6)
    names = [emotions.names("omg_7")[code] for code in labels["emotion"].value.argmax(1)]
    assert names == ["neutral"] * 4 + ["happy"] * 3 + ["anger"] * 2
    assert labels["valence_arousal"].weight.all() and labels["emotion"].weight.all() and "landmarks" not in labels
    assert source.examples[5].name == "74de88564/utterance_3/00001" and source.examples[5].frame == 1
    assert abs(source.image(6).mean() - 20) < 3
    moved = with_label_set(source, "affectnet_8").examples.labels["emotion"].value.argmax(1)
    assert [emotions.names("affectnet_8")[code] for code in moved] == names


def test_utterances_of_a_video_stay_together_in_folds(root):
    source = load(root)
    assert list(source.examples.subjects) == ["74de88564"] * 7 + ["a1b2c3d4e"] * 2
    parts = [
        set(take_fold(source, fold).examples.subjects) for fold in (FoldConfig(1, 2), FoldConfig(1, 2, complement=True))
    ]
    assert parts[0] | parts[1] == {"74de88564", "a1b2c3d4e"} and not parts[0] & parts[1]


def test_the_lists_of_the_splits(root):
    write(root, ROWS[2:], "omg_ValidationVideos.csv")
    assert set(load(root, split="validation").examples.clips) == {"a1b2c3d4e/utterance_1"}
    with pytest.raises(FileNotFoundError, match=r"no file .*omg_TestVideos_WithLabels.csv"):
        load(root, split="test")
    with pytest.raises(ValueError, match="split is 'all'; choose training, validation, test"):
        load(root, split="all")


@pytest.mark.parametrize(
    ("old", "new", "reason", "message"),
    [
        ("1.0,-1.0,0", "-0.2,-1.0,0", "arousal out of 0..1", "arousal is -0.2, expected 0 to 1"),
        ("1.0,-1.0,0", "1.0,,0", "valence is not a number", "valence is '', expected -1 to 1"),
        ("1.0,-1.0,0", "1.0,-1.0,7", "EmotionMaxVote out of 0..6", "is 7, expected 0 anger, 1 disgust"),
        ("a1b2c3d4e,utterance_1", "74de88564,utterance_3", "utterance is listed twice", "74de88564/utterance_3"),
        ("a1b2c3d4e", "../a1b2c3d4e", "video is not a name", "video is '../a1b2c3d4e'"),
    ],
)
def test_unusable_rows_are_recorded(root, old, new, reason, message):
    write(root, (*ROWS[:2], ROWS[2].replace(old, new)))
    skipped = root / "skipped.csv"
    assert len(load(root, max_skipped_fraction=0.5, skipped_csv=str(skipped)).examples) == 7
    with open(skipped, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("4", reason)]
    with pytest.raises(ValueError, match=rf"omg_TrainVideos.csv, row 4: {reason}: .*{message}"):
        load(root, strict=True)


def test_missing_videos_are_counted(root):
    (root / "videos" / "a1b2c3d4e" / "utterance_1.mp4").unlink()
    with pytest.raises(ValueError, match=r"1 of 3 rows \(33.3%\) are unusable: 1 x recording is missing"):
        load(root)
    assert len(load(root, max_skipped_fraction=0.5).examples) == 7


def test_an_utterance_without_a_value_is_no_fault(root):
    without_affect = ROWS[0].replace("0.057386889393300014,-0.114515408794", ",nan")
    without_emotion = ROWS[1].removesuffix("3") + "#N/A"
    write(root, (without_affect, without_emotion, ROWS[2].replace("1.0,-1.0,0", ",,")))
    skipped = root / "skipped.csv"
    labels = load(root, strict=True, skipped_csv=str(skipped)).examples.labels
    assert labels["valence_arousal"].weight.tolist() == [0] * 4 + [1] * 3
    assert labels["emotion"].weight.tolist() == [1] * 4 + [0] * 3
    np.testing.assert_allclose(labels["valence_arousal"].value[:, 0], [0] * 4 + [0.0658844403379] * 3, rtol=1e-6)
    assert labels["emotion"].value[:4].argmax(1).tolist() == [4] * 4 and not labels["emotion"].value[4:].any()
    with open(skipped, newline="") as file:
        assert [(line["row"], line["reason"]) for line in csv.DictReader(file)] == [("4", "utterance without a value")]


def test_emotions_may_be_words(root):
    write(root, (ROWS[0].removesuffix("4") + "Neutral", ROWS[1].removesuffix("3") + "happiness", ROWS[2]))
    named = load(root).examples.labels["emotion"].value.argmax(1)
    assert named.tolist() == [4] * 4 + [3] * 3 + [0] * 2


def test_a_frame_rate_for_videos_is_named_as_without_effect(root, caplog):
    load(root)
    assert "no effect" not in caplog.text
    load(root, fps=30.0)
    assert "fps is 30.0, which has no effect: videos have their own frame rate" in caplog.text
