import csv
import os
import pathlib

import cv2
import numpy as np
import pytest
from PIL import Image

from affect_jax.data.readers.affectnet import AffectNetConfig, _subjects, affectnet
from affect_jax.data.readers.affectnet_rows import COLUMNS
from affect_jax.data.texts import pack
from affect_jax.types import UnreadableImage

POINTS = np.stack([np.linspace(10, 50, 68), np.linspace(20, 44, 68) ** 1.01], axis=1).round(2)
LANDMARKS = ";".join(f"{value:.2f}" for value in POINTS.ravel())


def photograph(path, size=(64, 48), mode="RGB", **options):
    pixels = np.arange(size[0] * size[1] * 3).reshape(size[1], size[0], 3) % 251
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(path, **options)


def row(name="images/a.jpg", expression=1, valence=0.5, arousal=-0.25, landmarks=LANDMARKS, box=(8, 16, 40, 32)):
    return [name, *box, landmarks, expression, valence, arousal]


def write_list(root, rows, name="training.csv", header=COLUMNS):
    root.mkdir(parents=True, exist_ok=True)
    with open(root / name, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows] if header else rows)


@pytest.fixture
def root(tmp_path):
    photograph(tmp_path / "images" / "a.jpg")
    return tmp_path


def load(root, **options):
    return affectnet(AffectNetConfig(str(root), **options))


def test_reads_every_column_of_a_good_row(root):
    write_list(root, [row()])
    source = load(root)
    example = source.examples[0]
    assert (example.name, example.subject, example.clip, source.label_set) == (
        "images/a.jpg",
        "images/a",
        "",
        "affectnet_8",
    )
    np.testing.assert_array_equal(example.labels["valence_arousal"].value, np.float32([0.5, -0.25]))
    np.testing.assert_array_equal(example.labels["landmarks"].value, POINTS.astype(np.float32))
    np.testing.assert_array_equal(example.labels["emotion"].value, np.eye(8)[1])
    weights = (
        example.labels["valence_arousal"].weight,
        example.labels["emotion"].weight,
        example.labels["landmarks"].weight,
    )
    assert weights == (1, 1, 1)
    stored = np.asarray(Image.open(root / "images" / "a.jpg"))
    np.testing.assert_array_equal(source.image(0), stored)


def test_a_list_without_header_reads_the_same(root):
    write_list(root, [row(), row(expression=4)])
    write_list(root, [row(), row(expression=4)], name="validation.csv", header=None)
    plain, bare = load(root), load(root, split="validation")
    np.testing.assert_array_equal(plain.examples.labels["emotion"].value, bare.examples.labels["emotion"].value)
    assert bare.examples[0].name == "images/a.jpg" and bare.examples[1].name == "images/a.jpg#row2"


def test_codes_for_not_annotated_become_weight_zero(root):
    rows = [row(valence=-2, arousal=-2), row(expression=9, valence=-2, arousal=-2), row(expression=8), row(arousal=-2)]
    write_list(root, rows)
    labels = load(root).examples.labels
    np.testing.assert_array_equal(labels["valence_arousal"].weight, [0, 0, 1, 0])  # both dimensions are needed
    np.testing.assert_array_equal(labels["emotion"].weight, [1, 0, 0, 1])
    np.testing.assert_array_equal(labels["landmarks"].weight, [1, 1, 1, 1])
    assert np.abs(labels["valence_arousal"].value).max() <= 1


def test_rows_excluded_by_the_data_set_are_listed_but_are_not_faults(root):
    rows = [row(), row(expression=10, valence=-2, arousal=-2, landmarks="NaN")]
    rows += [row(expression=9, valence=-2, arousal=-2, landmarks="")]
    write_list(root, rows)
    source = load(root, skipped_csv=str(root / "skipped.csv"))
    assert len(source.examples) == 1
    lines = (root / "skipped.csv").read_text().splitlines()
    assert lines == [
        "path,row,reason",
        "images/a.jpg,3,expression is 10 (non-face)",
        "images/a.jpg,4,row has no label",
    ]


@pytest.mark.parametrize(
    "bad, reason, message",
    [
        (row(valence="NULL"), "row contains NULL", "valence is NULL"),
        (
            row(expression=11),
            "expression out of 0..10",
            r"row 3.*expression is 11, expected 0 neutral.*another data set",
        ),
        (row(expression="1.5"), "expression out of 0..10", "expression is 1.5"),
        (row(expression=""), "expression is not a number", "expression is '', expected a finite number"),
        (row(valence=7), r"valence out of [-1, 1]", r"valence is 7, expected \[-1, 1\] or -2.*divide by 10"),
        (row(arousal=-2.5), r"arousal out of [-1, 1]", r"arousal is -2.5"),
        (row(arousal="nan"), "arousal is not a number", "arousal is 'nan'"),
        (row(landmarks="1;2;3"), "wrong number of landmarks", "has 3 numbers, expected 136"),
        (row(landmarks=LANDMARKS[:-5] + "spam"), "facial_landmarks are not numbers", "expected x;y;x;y"),
        (row(landmarks=";".join(["4"] * 136)), "landmarks span no area", "clear the cell"),
        (row(name=""), "image name is empty", "expected the path of an image"),
        (row(landmarks="", box=("a", 1, 2, 3)), "face_x is not a number", "face_x is 'a'"),
        (row()[:-1], "wrong number of cells", "8, expected 9"),
        (row(name="images/lost.jpg"), "image is missing", "row 3: image is missing: expected a complete image at"),
    ],
)
def test_an_invalid_row_is_skipped_by_reason_or_raises_when_strict(root, bad, reason, message):
    write_list(root, [row(), bad])
    skipped_csv = root / "skipped.csv"
    source = load(root, max_skipped_fraction=0.5, skipped_csv=str(skipped_csv))
    assert len(source.examples) == 1
    with open(skipped_csv, newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["row"], line["reason"]) == ("3", reason)
    with pytest.raises(ValueError, match="training.csv, row 3: .*") as caught:
        load(root, strict=True)
    assert caught.match(message)


def test_too_many_invalid_rows_stop_with_counts_and_the_place_of_the_list(root):
    write_list(root, [row()] * 97 + [row(name="images/lost.jpg")] * 2 + [row(valence="NULL")])
    with pytest.raises(ValueError) as caught:
        load(root, skipped_csv=str(root / "skipped.csv"))
    message = str(caught.value)
    assert "3 of 100 rows (3.0%)" in message and "2 x image is missing, 1 x row contains NULL" in message
    assert "skipped.csv" in message and "at most 1.0% is allowed" in message and "max_skipped_fraction" in message
    assert len((root / "skipped.csv").read_text().splitlines()) == 4
    assert len(load(root, max_skipped_fraction=0.03).examples) == 97


def test_a_missing_column_names_the_header(root):
    write_list(root, [["images/a.jpg", 1, 0.5]], header=("subDirectory_filePath", "expression", "valence"))
    with pytest.raises(ValueError, match="training.csv, row 1: column arousal is missing; the header has subDir"):
        load(root)
    write_list(root, [["a", "b"]], header=None)
    with pytest.raises(ValueError, match="expected a header or 9 values, found 'a,b'"):
        load(root)


def test_wrong_paths_state_what_was_expected(root):
    write_list(root, [row(name="elsewhere/a.jpg")])
    with pytest.raises(FileNotFoundError, match=r"none of the first 1 images .*elsewhere/a.jpg.*set `images`"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"no testing.csv in .*splits found there: training"):
        load(root, split="testing")
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere"):
        load(root / "nowhere")


@pytest.mark.parametrize(
    "split, folder, images",
    [
        ("train", "Manually_Annotated_file_lists", "Manually_Annotated_Images"),
        ("training", "Manually_Annotated_file_lists", "Manually_Annotated/Manually_Annotated_Images"),
        ("automatically_annotated", "Automatically_annotated_file_list", "Automatically_Annotated_Images"),
    ],
)
def test_finds_the_folders_of_the_distribution(tmp_path, split, folder, images):
    photograph(tmp_path / images / "689" / "b.png")
    name = "training" if split == "train" else split
    write_list(tmp_path / folder, [row(name="689\\b.png")], name=f"{name}.csv")
    source = load(tmp_path, split=split)
    assert source.examples[0].name == "689/b.png" and source.image(0).shape == (48, 64, 3)


def test_every_kind_of_image_becomes_eight_bit_rgb(root):
    images = root / "images"
    photograph(images / "gray.JPG", mode="L", format="JPEG")
    photograph(images / "cmyk.jpg", mode="CMYK")
    photograph(images / "alpha.png", mode="RGBA")
    photograph(images / "palette.gif", mode="P")
    photograph(images / "plain.bmp")
    photograph(images / "plain.tif")
    deep = (np.arange(48 * 64).reshape(48, 64) * 21).astype(np.uint16)
    Image.fromarray(deep).save(images / "deep.png")
    names = ["gray.JPG", "cmyk.jpg", "alpha.png", "palette.gif", "plain.bmp", "plain.tif", "deep.png"]
    write_list(root, [row(name=f"images/{name}") for name in names])
    source = load(root, max_skipped_fraction=0.0)
    decoded = {name: source.image(index) for index, name in enumerate(names)}
    assert {(image.shape, image.dtype.name) for image in decoded.values()} == {((48, 64, 3), "uint8")}
    exact = np.asarray(Image.open(images / "plain.bmp"))
    for name in ("alpha.png", "plain.tif"):
        np.testing.assert_array_equal(decoded[name], exact)
    np.testing.assert_array_equal(decoded["deep.png"], np.repeat((deep >> 8)[..., None], 3, 2))
    # An independent decoder; CMYK to RGB has no one formula, so the tolerance there is wide.
    gray = cv2.imread(str(images / "gray.JPG"), cv2.IMREAD_COLOR_RGB)
    np.testing.assert_allclose(decoded["gray.JPG"].astype(int), gray, atol=1)
    assert np.abs(decoded["cmyk.jpg"].astype(int) - exact).mean() < 8


def test_pixels_are_as_stored_for_any_exif_orientation(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees to see it upright"
    photograph(root / "images" / "a.jpg", exif=exif)
    write_list(root, [row()])
    assert load(root).image(0).shape == (48, 64, 3)


def test_broken_files_are_skipped_with_their_reason(root):
    images = root / "images"
    photograph(images / "whole.png")
    whole = (images / "a.jpg").read_bytes()
    (images / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (images / "cut.png").write_bytes((images / "whole.png").read_bytes()[:-40])
    (images / "empty.jpg").write_bytes(b"")
    (images / "page.jpg").write_bytes(b"<html>not found</html>")
    (images / "trailer.jpg").write_bytes(whole + b"x" * 500)  # cameras append data; the image is complete
    names = ["a.jpg", "cut.jpg", "cut.png", "empty.jpg", "page.jpg", "trailer.jpg"]
    write_list(root, [row(name=f"images/{name}") for name in names])
    source = load(root, max_skipped_fraction=0.7, skipped_csv=str(root / "skipped.csv"))
    assert [example.name for example in source.examples] == ["images/a.jpg", "images/trailer.jpg"]
    with open(root / "skipped.csv", newline="") as file:
        reasons = {os.path.basename(line["path"]): line["reason"] for line in csv.DictReader(file)}
    assert reasons["cut.jpg"] == reasons["cut.png"] == "image is truncated"
    assert reasons["empty.jpg"] == "image is empty" and reasons["page.jpg"] == "file is not an image"


def test_damage_between_intact_ends_raises_when_read(root):
    photograph(root / "images" / "hole.png")
    whole = (root / "images" / "hole.png").read_bytes()
    (root / "images" / "hole.png").write_bytes(whole[:60] + b"\0" * (len(whole) - 90) + whole[-30:])
    write_list(root, [row(name="images/hole.png")])
    source = load(root)
    with pytest.raises(
        UnreadableImage, match=r"training.csv, row 2 \(.*hole.png\): .*replace the file or remove the row"
    ):
        source.image(0)


def test_landmarks_outside_the_image_are_a_fault_before_and_while_reading(root):
    def moved(by):
        return ";".join(f"{value:.2f}" for value in (POINTS + by).ravel())

    # x of the points is 10 to 50 in even steps, the image is 64 px wide: 30 to the right half of them leave it.
    write_list(root, [row(), row(landmarks=moved((33, 0))), row(landmarks=moved((35, 0))), row(landmarks=moved(900))])
    assert [int((POINTS[:, 0] + by < 64).sum()) for by in (33, 35)] == [36, 32]
    source = load(root, max_skipped_fraction=0.5, skipped_csv=str(root / "skipped.csv"))
    assert [example.name for example in source.examples] == ["images/a.jpg", "images/a.jpg#row3"]
    lines = (root / "skipped.csv").read_text().splitlines()[1:]
    assert [line.split(",", 1)[1] for line in lines] == [f"{n},landmarks lie outside the image" for n in (4, 5)]
    with pytest.raises(ValueError, match=r"row 4: landmarks lie outside the image: expected a face in .* 64 x 48 px"):
        load(root, strict=True)
    unchecked = load(root, check_images=False)
    assert unchecked.image(1).shape == (48, 64, 3)
    with pytest.raises(UnreadableImage, match=r"row 4 \(.*a.jpg\): landmarks lie outside the image of 64 x 48 px"):
        unchecked.image(2)


def test_a_face_box_outside_the_image_is_a_fault_before_and_while_reading(root):
    rows = [row(landmarks=""), row(landmarks="", box=(70, 0, 40, 40)), row(landmarks="", box=(400, 0, 40, 40))]
    write_list(root, rows)
    skipped_csv = root / "skipped.csv"
    assert len(load(root, max_skipped_fraction=0.7, skipped_csv=str(skipped_csv)).examples) == 1
    assert skipped_csv.read_text().count("face box lies outside the image") == 2
    with pytest.raises(UnreadableImage, match=r"row 4 \(.*\): face box is entirely black"):
        load(root, check_images=False).image(2)


def test_an_image_of_one_pixel_is_not_a_face(root):
    photograph(root / "images" / "dot.png", size=(1, 1))
    photograph(root / "images" / "strip.png", size=(64, 15))
    write_list(root, [row(), row(name="images/dot.png"), row(name="images/strip.png")])
    source = load(root, max_skipped_fraction=0.7, skipped_csv=str(root / "skipped.csv"))
    assert len(source.examples) == 1
    assert (root / "skipped.csv").read_text().count("image is smaller than 16 px") == 2


def test_a_list_in_another_encoding_loses_only_the_affected_rows(root):
    write_list(root, [row(), row()])
    text = (root / "training.csv").read_bytes()
    (root / "training.csv").write_bytes(b"\xef\xbb\xbf" + text + b"images/\xe9.jpg" + text.splitlines()[1][12:] + b"\n")
    source = load(root, max_skipped_fraction=0.5, skipped_csv=str(root / "skipped.csv"))
    assert len(source.examples) == 2 and "image is missing" in (root / "skipped.csv").read_text()


def test_without_landmarks_the_face_box_is_cut_out_with_a_black_border(root):
    photograph(root / "images" / "b.png")
    write_list(root, [row(name="images/b.png", landmarks="")])
    source = load(root, box_side_ratio=1.5)
    # box (8, 16, 40, 32): mean side 36, crop side 54, centered at (28, 32): left 1, top 5, and 11 rows below it
    cut, whole = source.image(0), np.asarray(Image.open(root / "images" / "b.png"))
    assert cut.shape == (54, 54, 3) and source.examples[0].labels["landmarks"].weight == 0
    np.testing.assert_array_equal(cut[:43], whole[5:, 1:55])
    assert not cut[43:].any()


def test_real_faces_load_completely(shared_data):
    training, validation = (load(shared_data / "real_faces", split=split) for split in ("training", "validation"))
    assert (len(training.examples), len(validation.examples)) == (1355, 370)
    labels = training.examples.labels
    assert (
        not labels["valence_arousal"].weight.any()
        and labels["emotion"].weight.all()
        and labels["landmarks"].weight.all()
    )
    assert training.image(0).shape == (350, 350, 3)
    # First row of the list: 19.45;107.20;13.21;162.89;... and expression 1.
    np.testing.assert_allclose(labels["landmarks"].value[0, :2], [[19.45, 107.20], [13.21, 162.89]], rtol=1e-6)
    assert labels["emotion"].value[0].argmax() == 1


def test_the_pattern_gives_the_subject_of_several_images(shared_data):
    pattern = r"(.+)_\d+"
    table = affectnet(AffectNetConfig(root=str(shared_data / "real_faces"), subject_pattern=pattern)).examples
    alone = affectnet(AffectNetConfig(root=str(shared_data / "real_faces"))).examples
    people, images = set(table.subjects), set(alone.subjects)
    assert "Aaron_Peirsol" in people and len(images) == 1355 > len(people)
    held_out = affectnet(
        AffectNetConfig(root=str(shared_data / "real_faces"), split="validation", subject_pattern=pattern)
    )
    assert people.isdisjoint(held_out.examples.subjects)


def test_without_a_pattern_the_subject_is_the_path_without_its_ending():
    paths = ["1/a.jpg", "a.png", "a", "a.", ".jpg", "1/.jpg", "1.5/a.jpg", "1.5/a", "a.b.jpg", "/1/a.jpg", "1//a.jpg"]
    paths += ["./a.jpg", "1/ä b.jpg", "1/a\n.jpg", "1/a.jpg\n"]
    for column in (pack(paths), pack([*paths, "1/\udce4.jpg"])):
        expected = [str(pathlib.PurePosixPath(path).with_suffix("")) for path in column]
        assert _subjects(column, "").tolist() == expected
