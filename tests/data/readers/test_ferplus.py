import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.readers.ferplus import REQUIRED, VOTES, FERPlusConfig, distributions, ferplus
from affect_jax.data.source import with_label_set

FACE = np.arange(2304) % 256


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def votes(**given):
    return [given.get(name, 0) for name in VOTES]


ROWS = [
    ["Training", "fer0000000.png", *votes(neutral=4, sadness=1, anger=3, disgust=2)],
    ["Training", "", *votes(NF=10)],
    ["PublicTest", "fer0000001.png", *votes(happiness=10)],
    ["Training", "fer0000002.png", *votes(neutral=3, contempt=1, unknown=6)],
    [
        "Training",
        "fer0000003.png",
        *votes(surprise=6, fear=2, unknown=1),
    ],  # nine votes, as in one row of the original file
    ["Training", "fer0000004.png", *votes(sadness=5, unknown=5)],
]


@pytest.fixture
def root(tmp_path):
    write(tmp_path / "fer2013new.csv", [REQUIRED, *ROWS])
    shades = [" ".join(map(str, (FACE + shift) % 256)) for shift in range(len(ROWS))]
    pixels = [[6, shade, row[0]] for shade, row in zip(shades, ROWS, strict=True)]
    write(tmp_path / "fer2013.csv", [("emotion", "pixels", "Usage"), *pixels])
    return tmp_path


def load(root, **options):
    return ferplus(FERPlusConfig(str(root), **options))


def test_votes_for_emotions_become_probabilities(root):
    source = load(root)
    assert [example.name for example in source.examples] == [f"fer000000{n}.png" for n in (0, 2, 3, 4)]
    assert source.label_set == "ferplus_8"
    labels = source.examples.labels
    # neutral happy surprise sad anger disgust fear contempt, "unknown" left out of 10; 8 of 9 named an emotion
    expected = [[0.4, 0, 0, 0.1, 0.3, 0.2, 0, 0], [0] * 8, [0, 0, 0.75, 0, 0, 0, 0.25, 0], [0] * 8]
    np.testing.assert_allclose(labels["emotion"].value, expected, atol=1e-7)
    np.testing.assert_array_equal(labels["emotion"].weight, [1, 0, 1, 0])  # 6 of 10 and 5 of 10 named none


def test_the_majority_needs_more_than_half_of_all_votes(root):
    labels = load(root, votes="majority").examples.labels
    np.testing.assert_array_equal(labels["emotion"].weight, [0, 0, 1, 0])
    np.testing.assert_array_equal(labels["emotion"].value[2], np.eye(8)[2])
    with pytest.raises(ValueError, match="votes is 'most'; choose distribution or majority"):
        FERPlusConfig("x", votes="most")


def test_faces_come_from_the_same_row_not_from_the_number_in_the_name(root):
    source = load(root)
    for index, position in enumerate((0, 3, 4, 5)):
        np.testing.assert_array_equal(source.image(index)[..., 0].ravel(), (FACE + position) % 256)
    np.testing.assert_array_equal(load(root, split="validation").image(0)[..., 0].ravel(), (FACE + 2) % 256)


def test_usages_in_other_capitals_are_the_same(root):
    plain = load(root)
    (root / "fer2013new.csv").write_text((root / "fer2013new.csv").read_text().replace("\nTraining", "\ntraining"))
    (root / "fer2013.csv").write_text((root / "fer2013.csv").read_text().replace("PublicTest", "Public_Test"))
    found = load(root, strict=True)
    np.testing.assert_array_equal(found.examples.labels["emotion"].value, plain.examples.labels["emotion"].value)
    assert list(found.examples.names) == list(plain.examples.names)


def test_an_image_without_a_name_is_excluded_but_not_a_fault(root):
    load(root, max_skipped_fraction=0.0, skipped_csv=str(root / "skipped.csv"))
    (line,) = (root / "skipped.csv").read_text().splitlines()[1:]
    assert line.endswith("fer2013new.csv,3,image name is empty (no face)")


def test_lists_that_do_not_match_stop_the_run(root):
    rows = (root / "fer2013.csv").read_text().splitlines()
    (root / "fer2013.csv").write_text("\n".join([rows[0], *rows[2:], rows[1]]) + "\n")
    with pytest.raises(ValueError, match=r"fer2013.csv, row 3 is PublicTest, but .* are Training: .* row by row"):
        load(root)
    (root / "fer2013.csv").write_text("\n".join(rows[:4]) + "\n")
    with pytest.raises(ValueError, match=r"fer2013.csv has 3 rows, but there are votes for 6: the lists must match"):
        load(root)


@pytest.mark.parametrize(
    "bad, reason",
    [
        (["Training", "fer9.png", *votes(neutral=11)], "votes for neutral out of 0..10"),
        (["Training", "fer9.png", *votes(fear="x")], "votes for fear is not a number"),
        (["Training", "fer9.png", *votes()], "no votes"),
        (["Test", "fer9.png", *votes(neutral=10)], "Usage is unknown"),
        (["Training", "fer9.png", 1, 2], "wrong number of cells"),
    ],
)
def test_an_invalid_row_is_skipped_by_reason_or_raises_when_strict(root, bad, reason):
    write(root / "fer2013new.csv", [REQUIRED, ROWS[0], bad, *ROWS[2:]])
    source = load(root, max_skipped_fraction=0.5, skipped_csv=str(root / "skipped.csv"))
    assert len(source.examples) == 4
    assert (root / "skipped.csv").read_text().splitlines()[1].endswith(f"fer2013new.csv,3,{reason}")
    with pytest.raises(ValueError, match=f"fer2013new.csv, row 3: {reason}"):
        load(root, strict=True)


def test_pixels_that_cannot_be_read_name_their_own_list(root):
    lines = (root / "fer2013.csv").read_text().splitlines()
    lines[1] = '6,"1 2 3",Training'
    (root / "fer2013.csv").write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"row 2: wrong number of pixels: .*3, expected 48 x 48.*fer2013.csv, row 2"):
        load(root, strict=True)
    assert len(load(root, max_skipped_fraction=0.2).examples) == 3


def test_folders_of_images_are_read_with_either_list(root):
    folder = root / "FER2013Train"
    folder.mkdir()
    for name in ("fer0000000.png", "fer0000002.png", "fer0000003.png", "fer0000004.png"):
        Image.fromarray(FACE.reshape(48, 48).astype(np.uint8)).save(folder / name)
    source = load(root)
    np.testing.assert_array_equal(source.image(0)[..., 2].ravel(), FACE)
    (root / "fer2013new.csv").unlink()
    write(folder / "label.csv", [[row[1], "(0, 0, 48, 48)", *row[2:]] for row in (ROWS[0], ROWS[3], ROWS[4])])
    assert '"(0, 0, 48, 48)"' in (folder / "label.csv").read_text()
    alone = load(root)
    np.testing.assert_array_equal(alone.examples.labels["emotion"].value, source.examples.labels["emotion"].value[:3])
    (folder / "fer0000000.png").unlink()
    with pytest.raises(
        ValueError, match=r"label.csv, row 1: image is missing: expected a complete image at .*0000.png"
    ):
        load(root, strict=True)


def test_wrong_paths_state_what_was_expected(root):
    (root / "fer2013.csv").unlink()
    with pytest.raises(FileNotFoundError, match="expected fer2013.csv or icml_face_data.csv"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"no votes at .*expected fer2013new.csv in it, or label.csv in"):
        load(root / "nowhere")


def test_votes_keep_their_shares_in_another_label_set(root):
    labels = with_label_set(load(root), "emonet_5").examples.labels
    # neutral happy sad surprise anger; the first row loses disgust (0.2), the third fear (0.25)
    np.testing.assert_allclose(labels["emotion"].value[0], [0.5, 0, 0.125, 0, 0.375], atol=1e-6)
    np.testing.assert_allclose(labels["emotion"].value[2], [0, 0, 0, 1, 0], atol=1e-6)


def test_the_original_votes(shared_data):
    """Counted apart from the reader, with a spreadsheet's means: rows, blank names, NF, sums, majorities."""
    with open(shared_data / "labels" / "ferplus_fer2013new.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    table = np.array([[int(row[name]) for name in VOTES] for row in rows])
    assert (len(rows), sum(not row["Image name"] for row in rows), int((table[:, -1] > 0).sum())) == (35_887, 173, 349)
    named = np.array([bool(row["Image name"]) for row in rows])
    shares, weight = distributions(table[named], "distribution")
    np.testing.assert_allclose(shares.sum(1), weight, atol=1e-6)
    assert int(weight.sum()) == 35_625  # 28,493 + 3,569 + 3,563 of the three splits
    _, weight = distributions(table[named], "majority")
    assert int(weight.sum()) == 27_402  # 21,811 + 2,862 + 2,729
    # The first rows of the file: 4,0,0,1,3,2 and 6,0,1,1,,,,,2 and 5,0,0,3,1,,,,1.
    np.testing.assert_allclose(shares[0], np.array([4, 0, 0, 1, 3, 2, 0, 0]) / 10, atol=1e-7)
    np.testing.assert_allclose(shares[1], np.array([6, 0, 1, 1, 0, 0, 0, 0]) / 8, atol=1e-7)
    np.testing.assert_allclose(shares[2], np.array([5, 0, 0, 3, 1, 0, 0, 0]) / 9, atol=1e-7)


def test_the_original_list_is_read_row_by_row(shared_data, tmp_path):
    """All images of the test split are the same three bytes wide: only the list is true."""
    (tmp_path / "fer2013new.csv").symlink_to(shared_data / "labels" / "ferplus_fer2013new.csv")
    face = " ".join(map(str, FACE))
    with open(tmp_path / "fer2013.csv", "w") as file:
        file.write("emotion,pixels,Usage\n")
        for usage, count in (("Training", 28_709), ("PublicTest", 3_589), ("PrivateTest", 3_589)):
            file.writelines(f"0,{face if usage == 'PrivateTest' else ''},{usage}\n" for _ in range(count))
    source = load(tmp_path, split="test", skipped_csv=str(tmp_path / "skipped.csv"))
    assert len(source.examples) == 3_574 and int(source.examples.labels["emotion"].weight.sum()) == 3_563
    assert (tmp_path / "skipped.csv").read_text().count("image name is empty") == 3_589 - 3_574
    assert source.examples[0].name == "fer0032220.png"
    expected = np.zeros(8)
    expected[[4, 5, 7]] = 0.2, 0.1, 0.7  # two for anger, one for disgust, seven for contempt
    np.testing.assert_allclose(source.examples[0].labels["emotion"].value, expected, atol=1e-7)
    assert emotions.names("ferplus_8")[7] == "contempt"


def test_a_list_without_a_usable_row_is_named(root):
    path = root / "fer2013.csv"
    write(root / "fer2013new.csv", [REQUIRED, ROWS[0]])
    write(path, [("emotion", "pixels", "Usage"), (6, "1 2 3", "Training")])
    with pytest.raises(ValueError, match=r"fer2013new.csv has no usable rows among 1"):
        load(root, max_skipped_fraction=1.0)
