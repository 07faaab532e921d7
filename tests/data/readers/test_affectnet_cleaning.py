import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.readers import affectnet_cleaning as cleaning
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_rows import COLUMNS, CORRECT
from affect_jax.data.source import with_label_set

# By hand from the published table: (valence, arousal, kept).
CASES = {
    "neutral": [(0.1999, 0, True), (0.2, 0, False), (0.12, 0.16, False), (0, 0, True), (-0.1, 0.1, True)],
    "happy": [(0.2, 0, False), (0.2001, 0, True), (0, 0.9, False), (0.001, 0.3, True), (-0.5, 0.1, False)],
    "sad": [(-0.2, 0, False), (-0.2001, 0, True), (0, -0.9, False), (0.5, 0, False), (-0.01, 0.5, True)],
    "surprise": [(0, 0.2, False), (0, 0.2001, True), (0.9, 0, False), (-0.9, 0.001, True), (0.3, -0.3, False)],
    "fear": [(0, 0.2001, True), (-0.2001, 0, True), (-0.2, 0, False), (0.001, 0.9, False), (-0.9, -0.001, False)],
    "disgust": [(-0.3, 0, False), (-0.3001, 0, True), (-0.18, 0.24, False), (0, 0.9, False), (0.4, 0.4, False)],
    "anger": [(0, 0.2001, True), (0.5, 0.1, True), (-0.9, 0, False), (0, 0.2, False), (-0.5, -0.1, False)],
    "contempt": [(-0.2001, 0, True), (-0.2, 0, False), (0, 0.9, False), (0.9, 0.9, False), (-0.12, -0.16, False)],
}


@pytest.mark.parametrize("name", CASES)
def test_the_rule_of_each_emotion_at_its_edges(name):
    values = np.array([case[:2] for case in CASES[name]], np.float64)
    code = np.full(len(values), emotions.names("affectnet_8").index(name))
    np.testing.assert_array_equal(cleaning.agrees(code, values), [case[2] for case in CASES[name]])


def test_an_unknown_emotion_code_never_agrees():
    assert not cleaning.agrees(np.array([-1, 8, 9]), np.full((3, 2), 0.5)).any()


def write(root, rows, columns=COLUMNS):
    (root / "images").mkdir(exist_ok=True)
    Image.new("RGB", (64, 48), "red").save(root / "images" / "a.png")
    with open(root / "training.csv", "w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def row(expression, valence, arousal, *more):
    return ["images/a.png", 8, 16, 40, 32, "", expression, valence, arousal, *more]


def test_a_list_is_cleaned_and_dropped_rows_are_counted_by_emotion(tmp_path, caplog):
    rows = [row(0, 0.1, 0), row(0, 0.3, 0), row(1, 0.5, 0.1), row(1, -0.5, 0.1), row(6, -2, -2), row(8, 0.5, 0.5)]
    write(tmp_path, rows)
    assert len(affectnet(AffectNetConfig(str(tmp_path))).examples) == 6
    caplog.set_level("INFO", "absl")
    config = AffectNetConfig(str(tmp_path), clean="automatic", skipped_csv=str(tmp_path / "skipped.csv"))
    kept = affectnet(config).examples.labels
    np.testing.assert_array_equal(kept["valence_arousal"].value, np.float32([[0.1, 0], [0.5, 0.1]]))
    assert "kept 2 of 6: neutral 1 of 2, happy 1 of 2, sad 0 of 0" in caplog.text
    assert "2 could not be checked" in caplog.text
    with open(tmp_path / "skipped.csv", newline="") as file:
        reasons = [(line["row"], line["reason"]) for line in csv.DictReader(file)]
    assert sorted(reasons) == [
        ("3", "cleaning: neutral is inconsistent with valence and arousal"),
        ("5", "cleaning: happy is inconsistent with valence and arousal"),
        ("6", "cleaning: no emotion, or no valence and arousal, to check"),
        ("7", "cleaning: no emotion, or no valence and arousal, to check"),
    ]


def test_manually_rejected_labels_are_dropped_only_on_request(tmp_path):
    rows = [row(1, 0.5, 0, 1), row(1, 0.5, 0.2, 0), row(1, -0.5, 0, 1), row(1, 0.5, 0.3, "")]
    write(tmp_path, rows, (*COLUMNS, CORRECT))
    sizes = {rule: len(affectnet(AffectNetConfig(str(tmp_path), clean=rule)).examples) for rule in cleaning.RULES}
    assert sizes == {"": 4, "automatic": 3, "automatic+correct": 1}
    write(tmp_path, [line[:-1] for line in rows])
    with pytest.raises(ValueError, match=r"needs the column expression_correct.*launch.import_lists.*'automatic'"):
        affectnet(AffectNetConfig(str(tmp_path), clean="automatic+correct"))
    write(tmp_path, [row(1, 0.5, 0, "maybe")], (*COLUMNS, CORRECT))
    with pytest.raises(ValueError, match=r"row 2: expression_correct is neither 1 nor 0: .* is 'maybe'"):
        affectnet(AffectNetConfig(str(tmp_path), strict=True))


def test_the_published_five_emotions_exclude_the_other_faces(tmp_path):
    write(tmp_path, [row(code, 0.5, 0.1) for code in (0, 4, 6, 8)])
    whole = with_label_set(affectnet(AffectNetConfig(str(tmp_path))), "emonet_5").examples.labels
    np.testing.assert_array_equal(whole["emotion"].weight, [1, 0, 1, 0])
    assert whole["valence_arousal"].weight.all()  # they still train valence and arousal
    config = AffectNetConfig(str(tmp_path), only_label_set="emonet_5", skipped_csv=str(tmp_path / "skipped.csv"))
    only = with_label_set(affectnet(config), "emonet_5").examples.labels
    np.testing.assert_array_equal(only["emotion"].value.argmax(1), [0, 4])
    assert (tmp_path / "skipped.csv").read_text().count("emotion is not in emonet_5") == 2


@pytest.mark.parametrize(
    "option, message", [("clean", "choose one of '', 'automatic'"), ("only_label_set", "emonet_5")]
)
def test_an_unknown_rule_or_set_lists_the_known_ones(option, message):
    with pytest.raises(ValueError, match=message):
        AffectNetConfig("x", **{option: "spotless"})
