import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.folds import FoldConfig, take_fold
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus

POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(12, 40, 68) ** 1.01], axis=1)
NAMES = emotions.names("ck_plus_8")


def image(path, shade=128):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (64, 48), shade).save(path)


def sequence(root, subject, number, frames, emotion=None, landmarks=True):
    """A sequence as distributed: numbered images, one emotion file named after the last, landmarks for each."""
    for frame in range(1, frames + 1):
        stem = f"{subject}_{number}_{frame:08d}"
        image(root / "cohn-kanade-images" / subject / number / f"{stem}.png", shade=frame)
        if landmarks:
            path = root / "Landmarks" / subject / number / f"{stem}_landmarks.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"   {x:.7e}   {y:.7e}\n" for x, y in POINTS + frame / 10))
    if emotion is not None:
        path = root / "Emotion" / subject / number / f"{subject}_{number}_{frames:08d}_emotion.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"   {emotion:.7e}\n")


@pytest.fixture
def root(tmp_path):
    sequence(tmp_path, "S005", "001", 11, emotion=3)
    sequence(tmp_path, "S010", "002", 6, emotion=7)
    sequence(tmp_path, "S010", "003", 5)  # most sequences have no emotion
    (tmp_path / "cohn-kanade-images" / ".DS_Store").write_bytes(b"")
    (tmp_path / "Emotion" / "S005" / "001" / "._S005_001_00000011_emotion.txt").write_bytes(b"\0")
    return tmp_path


def load(root, **options):
    return ck_plus(CKPlusConfig(str(root), **options))


def seen(source):
    frames = [int(example.name.rpartition("_")[2][:8]) for example in source.examples]
    return list(zip(source.examples.subjects, frames, named(source), strict=True))


def named(source):
    return [NAMES[i] for i in source.examples.labels["emotion"].value.argmax(1)]


def test_first_frames_are_neutral_and_last_frames_have_the_emotion(root):
    source = load(root)
    assert seen(source) == [
        *[("S005", 1, "neutral"), ("S005", 9, "disgust"), ("S005", 10, "disgust"), ("S005", 11, "disgust")],
        *[("S010", 1, "neutral"), ("S010", 4, "surprise"), ("S010", 5, "surprise"), ("S010", 6, "surprise")],
    ]
    assert source.examples[0].name == "cohn-kanade-images/S005/001/S005_001_00000001.png"
    np.testing.assert_array_equal(source.image(3), np.full((48, 64, 3), 11, np.uint8))
    assert seen(load(root, peak_frames=1, neutral_frames=0)) == [("S005", 11, "disgust"), ("S010", 6, "surprise")]
    # more neutral frames than there are before the peak: a frame has one emotion
    assert [frame for who, frame, _ in seen(load(root, peak_frames=4, neutral_frames=4)) if who == "S010"] == [
        *range(1, 7)
    ]


def test_landmarks_of_the_frame_come_along(root):
    labels = load(root).examples.labels
    assert labels["landmarks"].weight.all() and "valence_arousal" not in labels
    np.testing.assert_allclose(labels["landmarks"].value[3], POINTS + 1.1, rtol=1e-6)


def test_without_landmarks_the_whole_image_is_the_crop(tmp_path):
    sequence(tmp_path, "S005", "001", 4, emotion=1, landmarks=False)
    assert not load(tmp_path).examples.labels["landmarks"].weight.any()


def test_folds_are_subject_exclusive(root):
    sequence(root, "S022", "001", 4, emotion=5)
    source = load(root)
    parts = [
        set(take_fold(source, fold).examples.subjects) for fold in (FoldConfig(0, 2), FoldConfig(0, 2, complement=True))
    ]
    assert parts[0] | parts[1] == {"S005", "S010", "S022"} and not parts[0] & parts[1]


def faulty(root, **options):
    skipped = root / "skipped.csv"
    source = load(root, max_skipped_fraction=0.9, skipped_csv=str(skipped), **options)
    with open(skipped, newline="") as file:
        return source, [line["reason"] for line in csv.DictReader(file)]


@pytest.mark.parametrize(
    "text, reason, message",
    [
        ("9.0\n", "emotion out of 0..7", "emotion is 9.0, expected 0 neutral, 1 anger, 2 contempt"),
        ("", "emotion is not one number", "has 0 values, expected for example 3.0000000e[+]00"),
        ("sad", "emotion is not a number", "emotion is 'sad'"),
    ],
)
def test_an_invalid_emotion_drops_its_sequence(root, text, reason, message):
    (root / "Emotion" / "S005" / "001" / "S005_001_00000011_emotion.txt").write_text(text)
    source, reasons = faulty(root)
    assert set(source.examples.subjects) == {"S010"} and reasons == [reason]
    with pytest.raises(ValueError, match=f"{reason}: .*{message}"):
        load(root, strict=True)


def test_frames_without_image_or_landmarks_are_counted(root):
    stem = "S005/001/S005_001_000000"
    (root / "Landmarks" / f"{stem}11_landmarks.txt").unlink()
    (root / "Landmarks" / f"{stem}10_landmarks.txt").write_text("1 2\n")
    (root / "Landmarks" / f"{stem}09_landmarks.txt").write_text("900 900\n1000 1000\n" * 34)
    (root / "cohn-kanade-images" / f"{stem}01.png").write_bytes(b"")
    source, reasons = faulty(root)
    assert set(source.examples.subjects) == {"S010"}
    assert sorted(reasons) == [
        "image is empty",
        "landmarks are missing",
        "landmarks lie outside the image",
        "wrong number of landmarks",
    ]
    with pytest.raises(ValueError, match=r"4 of 8 rows \(50.0%\) are unusable"):
        load(root)


def test_a_folder_an_emotion_knows_its_subjects_too(tmp_path, caplog):
    for number in (17, 18, 19):
        image(tmp_path / "anger" / f"S010_004_000000{number}.png", shade=number)
        image(tmp_path / "sadness" / f"S022_002_000000{number}.png", shade=number)
    image(tmp_path / "happy" / "smile.png")
    source, reasons = faulty(tmp_path)
    assert seen(source) == [("S010", n, "anger") for n in (17, 18, 19)] + [("S022", n, "sad") for n in (17, 18, 19)]
    assert reasons == ["file name has no subject"]
    assert [frame for _, frame, _ in seen(faulty(tmp_path, peak_frames=1)[0])] == [19, 19]
    assert "no effect" not in caplog.text
    faulty(tmp_path, neutral_frames=2)
    assert "neutral_frames is 2, which has no effect: neutral faces are in a folder of their own" in caplog.text


def test_the_table_of_pixels_has_its_own_codes_and_splits(tmp_path, caplog):
    face = " ".join(str(i % 256) for i in range(2304))
    with open(tmp_path / "ckextended.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("emotion", "pixels", "Usage"))
        writer.writerows((code, face, "Training") for code in range(8))
        writer.writerow((6, face, "PublicTest"))
    source = load(tmp_path, split="training")
    # 0 anger, 1 disgust, 2 fear, 3 happiness, 4 sadness, 5 surprise, 6 neutral, 7 contempt
    assert named(source) == ["anger", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt"]
    assert source.image(0).shape == (48, 48, 3) and source.label_set == "ck_plus_8"
    assert named(load(tmp_path / "ckextended.csv", split="validation")) == ["neutral"]
    load(tmp_path, split="training", peak_frames=5)
    assert "peak_frames is 5, which has no effect: the table has no sequences" in caplog.text
    with pytest.raises(ValueError, match="has the splits training, public_test and private_test"):
        load(tmp_path)


def test_wrong_paths_splits_and_options_are_named(root):
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere; root is the folder with cohn-kanade-images"):
        load(root / "nowhere")
    with pytest.raises(FileNotFoundError, match="has neither cohn-kanade-images nor ckextended.csv nor folders"):
        load(root / "Landmarks")
    with pytest.raises(ValueError, match="split is 'test', but CK[+] at .* has no splits; use 'all'"):
        load(root, split="test")
    with pytest.raises(ValueError, match="peak_frames is 0 and neutral_frames 1; expected at least 1 and 0"):
        load(root, peak_frames=0)
    (root / "Emotion").rename(root / "away")
    with pytest.raises(FileNotFoundError, match="no folder .*Emotion; it is a separate download"):
        load(root)


def test_files_of_other_systems_are_left_out(root):
    before = seen(load(root))
    for folder in sorted((root / "cohn-kanade-images").glob("S*/*/")):
        (folder / f"._{next(folder.glob('*.png')).name}").write_bytes(b"\0\5\x16\7")
    assert seen(load(root)) == before


@pytest.mark.parametrize(
    ("folder", "example"),
    [
        ("cohn-kanade-images", "S005/001/S005_001_00000011.png"),
        ("Emotion", "S005/001/S005_001_00000011_emotion.txt"),
        ("Landmarks", "S005/001/S005_001_00000001_landmarks.txt"),
    ],
)
def test_a_folder_level_too_many_is_named(root, folder, example):
    (root / folder).rename(root / "away")
    (root / folder).mkdir()
    (root / "away").rename(root / folder / "CK+")
    with pytest.raises(
        FileNotFoundError, match=rf"{example}; they lie a folder level too deep, in .*{folder}/CK\+: move"
    ):
        load(root)


def test_an_empty_folder_of_landmarks_names_the_command_that_fills_it(root):
    (root / "Landmarks").rename(root.parent / "away")
    (root / "Landmarks").mkdir()
    with pytest.raises(FileNotFoundError, match=f"python -m launch.find_faces --data=ck_plus --data_root={root} makes"):
        load(root)


def test_frames_without_a_face_are_left_out_and_are_no_faults(root):
    (root / "Landmarks" / "S005" / "001" / "S005_001_00000010_landmarks.txt").write_text("")
    skipped = root / "skipped.csv"
    source = load(root, skipped_csv=str(skipped))  # one of eight is more than max_skipped_fraction
    assert len(source.examples) == 7 and ("S005", 10, "disgust") not in seen(source)
    with open(skipped, newline="") as file:
        assert [line["reason"] for line in csv.DictReader(file)] == ["no face was found in the image"]


def test_emotion_folders_have_landmarks_too(tmp_path):
    image(tmp_path / "anger" / "S010_004_00000017.png")
    path = tmp_path / "Landmarks" / "anger" / "S010_004_00000017_landmarks.txt"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{x} {y}\n" for x, y in POINTS))
    image(tmp_path / "Landmarks" / "contact_sheet.png")
    np.testing.assert_allclose(load(tmp_path).examples.labels["landmarks"].value[0], POINTS, rtol=1e-6)
