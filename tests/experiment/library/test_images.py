"""Images as paths and arrays: the numbers of launch.predict."""

import csv
import logging as standard_logging

import numpy as np
import pytest
from PIL import Image

from affect_jax import predict_images
from affect_jax.predict.files import predict_file
from affect_jax.predict.options import Options


@pytest.fixture
def images(tmp_path):
    """Paths of gray images of several sizes, and their pixels."""
    folder = tmp_path / "images"
    folder.mkdir()
    pixels = [np.full((20 + number, 30, 3), 20 * number, np.uint8) for number in range(6)]
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")
    return [folder / f"{number}.png" for number in range(6)], pixels


def test_the_table_is_the_one_of_the_command(model, images, tmp_path):
    paths, _ = images
    table = predict_images(model, paths, faces="whole_frame", progress=False)
    predict_file(model.predictor, paths[0].parent, tmp_path / "out", None, Options())
    with (tmp_path / "out" / "images.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert table.columns == list(expected[0]) and table.height == len(expected) == 6
    for row, cells in zip(table.iter_rows(named=True), expected, strict=True):
        assert {name: "" if cell is None else str(cell) for name, cell in row.items()} == cells


def test_arrays_and_paths_give_the_same_values(model, images):
    paths, pixels = images
    from_paths = predict_images(model, [str(path) for path in paths], faces="whole_frame", progress=False)
    from_arrays = predict_images(model, pixels, faces="whole_frame", progress=False)
    from_pillow = predict_images(model, [Image.open(path) for path in paths], faces="whole_frame", progress=False)
    assert from_paths["source"].to_list() == [path.name for path in paths]
    assert from_arrays["source"].to_list() == list("012345")
    assert from_paths.drop("source").equals(from_arrays.drop("source"))
    assert from_arrays.equals(from_pillow)
    shares = np.array([min(len(image), 30) / 30 for image in pixels])  # black borders make them square
    levels = np.arange(6) * 20 / 255 * shares
    np.testing.assert_allclose(from_arrays["valence"].to_numpy(), levels, atol=0.02)


def test_one_image_and_a_stack(model, images):
    paths, pixels = images
    alone = [predict_images(model, one, faces="whole_frame", progress=False) for one in (paths[3], pixels[3])]
    assert [each.height for each in alone] == [1, 1] and alone[0]["valence"][0] == alone[1]["valence"][0]
    stack = predict_images(model, np.stack([pixels[3], pixels[3]]), faces="whole_frame", progress=False)
    assert stack["source"].to_list() == ["0", "1"] and stack["valence"].to_list() == [alone[0]["valence"][0]] * 2


def test_files_of_one_name_are_called_by_their_paths(model, images, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "3.png"
    other.write_bytes(images[0][5].read_bytes())
    table = predict_images(model, [images[0][3], other], faces="whole_frame", progress=False)
    assert table["source"].to_list() == [str(images[0][3]), str(other)]


def test_a_broken_file_costs_its_row_and_a_warning_names_it(model, images, tmp_path, caplog):
    broken = tmp_path / "broken.png"
    broken.write_bytes(images[0][1].read_bytes()[:40])
    with caplog.at_level(standard_logging.WARNING, logger="absl"):
        table = predict_images(model, [images[0][1], broken], faces="whole_frame", progress=False)
    assert table["source"].to_list() == ["1.png"]
    (message,) = caplog.messages
    assert message.startswith(f"{broken} cannot be read as an image") and message.endswith("; it has no row")
    with pytest.raises(ValueError, match=f"^{broken} cannot be read as an image"):
        predict_images(model, broken, faces="whole_frame", progress=False)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ([], ValueError, "no image is given"),
        ([np.zeros((20, 20, 3))], ValueError, "image 0: the image is float64; expected RGB in 0 to 255 as uint8"),
        (np.zeros((2, 3, 20, 20), np.uint8), ValueError, r"image 0: .*shape \(3, 20, 20\); .*channels come last"),
        ([np.zeros((8, 20, 3), np.uint8)], ValueError, "image 0: the image is 20 x 8 px; a face needs at least 16 px"),
        ("none.png", FileNotFoundError, "no image at none.png"),
    ],
)
def test_what_is_no_image_is_refused_before_anything_is_computed(model, given, kind, message):
    with pytest.raises(kind, match=message):
        predict_images(model, given, faces="whole_frame", progress=False)


def test_a_folder_and_an_unknown_way_to_find_faces(model, tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path} is a folder; give the images in it, as by sorted"):
        predict_images(model, tmp_path)
    image = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(ValueError, match="faces is 'detector'; choose 'landmarker', or 'whole_frame'"):
        predict_images(model, image, faces="detector")
    with pytest.raises(ValueError, match="face_model='x.task' has no effect with faces='whole_frame'"):
        predict_images(model, image, faces="whole_frame", face_model="x.task")
    with pytest.raises(
        ValueError, match=r"include=\['landmarks'\] needs found faces, and faces='whole_frame' finds none"
    ):
        predict_images(model, image, faces="whole_frame", include=["landmarks"])
    with pytest.raises(ValueError, match="unknown group of columns 'meshes'"):
        predict_images(model, image, include=["meshes"])


def test_without_the_extra_the_line_that_installs_it_is_shown(model, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ImportError, match=r'needs ai-edge-litert: pip install "affect_jax\[face\]"'):
        predict_images(model, np.zeros((20, 20, 3), np.uint8))


def test_every_face_has_a_row_and_an_image_without_one_too(model, landmarker_file, shared_data):
    images = [np.full((64, 64, 3), 90, np.uint8), np.asarray(Image.open(shared_data / "video" / "multi_face.jpg"))]
    include = ["landmarks", "blendshapes"]
    table = predict_images(model, images, face_model=landmarker_file, include=include, progress=False)
    none, *faces = table.iter_rows(named=True)
    assert (none["source"], none["success"], none["face"], none["valence"]) == ("0", 0, None, None)
    assert len(faces) > 1 and [row["face"] for row in faces] == list(range(len(faces)))
    for row in faces:
        assert row["source"] == "1" and row["success"] == 1 and -1 <= row["valence"] <= 1 and 0 <= row["jawOpen"] <= 1
        inside = np.array([row[f"x_{point}"] for point in range(68)]) - row["FaceRectX"]
        assert (inside > -2).all() and (inside < row["FaceRectWidth"] + 2).all()
