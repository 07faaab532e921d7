import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.folder import FolderConfig, folder


def save(path, color, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), color).save(path, **options)


def test_labels_come_from_folder_names_in_the_order_of_the_label_set(tmp_path):
    save(tmp_path / "train" / "happy" / "b.png", "red")
    save(tmp_path / "train" / "happy" / "a.PNG", "green")
    save(tmp_path / "train" / "Anger" / "c.png", "blue")
    (tmp_path / "train" / "happy" / "notes.txt").write_text("not an image")
    source = folder(FolderConfig(str(tmp_path), "train", label_set="emonet_5"))
    assert [(e.name, int(e.labels["emotion"].value.argmax())) for e in source.examples] == [
        ("happy/a.PNG", 1),
        ("happy/b.png", 1),
        ("Anger/c.png", 4),
    ]
    labels = source.examples.labels
    assert labels["emotion"].weight.all() and set(labels) == {"emotion"}
    np.testing.assert_array_equal(source.image(2)[0, 0], [0, 0, 255])


def test_folders_may_have_the_emotion_names_of_other_data_sets(tmp_path):
    for name in ("Angry", "happiness", "neutral", "SADNESS", "Surprised", "fearful", "disgusted"):
        save(tmp_path / name / "a.png", "red")
    source = folder(FolderConfig(str(tmp_path), label_set="affectnet_7"))
    assert [example.name.split("/")[0] for example in source.examples] == [
        *("neutral", "happiness", "SADNESS", "Surprised", "fearful", "disgusted", "Angry")
    ]
    np.testing.assert_array_equal(source.examples.labels["emotion"].value, np.eye(7))


def test_images_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "sad" / "a.jpg", "red", exif=exif)
    assert folder(FolderConfig(str(tmp_path))).image(0).shape == (40, 30, 3)


def test_a_folder_that_is_not_an_emotion_lists_the_known_ones(tmp_path):
    save(tmp_path / "joy" / "a.png", "red")
    with pytest.raises(
        ValueError, match=r"folder joy is not an emotion of affectnet_8; expected neutral, happy, sad.*rename"
    ):
        folder(FolderConfig(str(tmp_path)))


def test_missing_and_empty_folders_are_rejected(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder .*expected one subfolder per emotion"):
        folder(FolderConfig(str(tmp_path), "test"))
    with pytest.raises(ValueError, match=r"has no images; expected files such as .*/neutral/a.jpg"):
        folder(FolderConfig(str(tmp_path)))


def test_broken_images_are_counted_and_limited(tmp_path):
    for name in "abcd":
        save(tmp_path / "sad" / f"{name}.png", "red")
    (tmp_path / "sad" / "broken.png").write_bytes(b"")
    config = FolderConfig(str(tmp_path), max_skipped_fraction=0.2, skipped_csv=str(tmp_path / "skipped.csv"))
    assert len(folder(config).examples) == 4
    assert (tmp_path / "skipped.csv").read_text().splitlines()[1].endswith("broken.png,3,image is empty")
    with pytest.raises(ValueError, match=r"1 of 5 rows \(20.0%\) are unusable: 1 x image is empty"):
        folder(FolderConfig(str(tmp_path)))
    with pytest.raises(ValueError, match=r"row 3: image is empty: expected a complete image at .*broken.png"):
        folder(FolderConfig(str(tmp_path), strict=True))


def test_an_unknown_label_set_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown label set 'joy_3'; choose one of .*affectnet_7"):
        FolderConfig("x", label_set="joy_3")


def test_files_of_other_systems_are_left_out(tmp_path):
    save(tmp_path / "happy" / "a.png", "red")
    save(tmp_path / "happy" / "@eaDir" / "a.png" / "thumbnail.jpg", "red")
    for path in ("happy/._a.png", "happy/Thumbs.db", "__MACOSX/happy/._a.png", "@eaDir/x.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"\0\5\x16\7")
    assert [example.name for example in folder(FolderConfig(str(tmp_path))).examples] == ["happy/a.png"]


def landmarks(root, name, low, high):
    """A landmark file with points on a curve from one corner of a box to the other."""
    points = np.linspace(low, high, 68) + np.stack([np.zeros(68), np.sin(np.arange(68))], axis=1)
    path = root / "landmarks" / f"{name}_landmarks.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{x} {y}\n" for x, y in points))
    return points


def test_landmarks_beside_the_emotions_locate_the_faces(tmp_path):
    for name in ("a", "b", "c"):
        save(tmp_path / "sad" / f"{name}.png", "red")
    first = landmarks(tmp_path, "sad/a", (5, 5), (30, 25))
    (tmp_path / "landmarks" / "sad" / "b_landmarks.txt").write_text("")  # no face was found
    third = landmarks(tmp_path, "sad/c", (8, 5), (30, 25))
    source = folder(FolderConfig(str(tmp_path)))
    assert [example.name for example in source.examples] == ["sad/a.png", "sad/c.png"]
    np.testing.assert_allclose(source.examples.labels["landmarks"].value, np.stack([first, third]), rtol=1e-6)
    (tmp_path / "landmarks" / "sad" / "c_landmarks.txt").unlink()
    with pytest.raises(ValueError, match=r"landmarks are missing: no .*c_landmarks.txt; python -m launch.find_faces"):
        folder(FolderConfig(str(tmp_path)))


def test_landmarks_are_in_pixels_of_the_image_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored as 40 x 30, shown as 30 x 40
    save(tmp_path / "sad" / "a.jpg", "red", exif=exif)
    landmarks(tmp_path, "sad/a", (2, 32), (27, 37))  # below the image as it is stored
    source = folder(FolderConfig(str(tmp_path)))
    assert source.image(0).shape == (40, 30, 3)
    landmarks(tmp_path, "sad/a", (32, 2), (37, 27))
    with pytest.raises(ValueError, match=r"landmarks lie outside the image: of .*a.jpg, 30 x 40 px"):
        folder(FolderConfig(str(tmp_path)))


def test_a_split_at_another_level_is_named(tmp_path):
    save(tmp_path / "outer" / "train" / "sad" / "a.png", "red")
    with pytest.raises(FileNotFoundError, match=f"no folder .*train; .*; it lies in {tmp_path}/outer: set root to"):
        folder(FolderConfig(str(tmp_path), "train"))
