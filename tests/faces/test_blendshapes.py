"""Blendshapes against what people see in photographs and videos."""

import csv
import itertools
import zipfile

import av
import cv2
import numpy as np
import pytest

from affect_jax.faces import model_file
from affect_jax.faces.blendshapes import NAMES, POINTS, Blendshapes
from affect_jax.faces.tracks import FaceTracks

NEUTRAL, HAPPY, SURPRISE = "0", "1", "3"  # labels of people


@pytest.fixture(scope="module")
def tracks(landmarker_file):
    return FaceTracks(landmarker_file, blendshapes=True)


@pytest.fixture(scope="module")
def shapes_of(tracks, shared_data):
    folder = shared_data / "real_faces"
    with (folder / "training.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    def of(expression, count=8):
        found = []
        for row in [row for row in rows if row["expression"] == expression][:count]:
            tracks.reset()
            faces = tracks.find(cv2.imread(str(folder / row["subDirectory_filePath"]))[..., ::-1].copy(), 0.0)
            found.append(max(faces, key=lambda face: face.size_px).blendshapes)
        return np.array(found)

    return {expression: of(expression) for expression in (NEUTRAL, HAPPY, SURPRISE)}


def columns(shapes, *names):
    return shapes[:, [NAMES.index(name) for name in names]].mean(1)


def test_names_and_points():
    assert len(NAMES) == len(set(NAMES)) == 52 and NAMES[0] == "_neutral"
    assert len(POINTS) == len(set(POINTS.tolist())) == 146 and POINTS.max() == 477
    assert (np.diff(POINTS) > 0).all()
    left = {name[:-4] for name in NAMES if name.endswith("Left") and len(name) > 9}
    assert left == {name[:-5] for name in NAMES if name.endswith("Right") and len(name) > 10}


def test_smiles_of_photographs(shapes_of):
    smile = ("mouthSmileLeft", "mouthSmileRight")
    happy, neutral = columns(shapes_of[HAPPY], *smile), columns(shapes_of[NEUTRAL], *smile)
    assert happy.mean() > 0.3 and neutral.max() < 0.1
    assert (happy[:, None] > neutral).mean() > 0.9  # area under the curve


def test_jaws_of_surprised_people(shapes_of):
    assert columns(shapes_of[SURPRISE], "jawOpen").mean() > 2 * columns(shapes_of[NEUTRAL], "jawOpen").mean()


def test_a_blink(tracks, shared_data):
    tracks.reset()
    with av.open(str(shared_data / "video" / "one_woman_expressions.mp4")) as container:
        frames = list(itertools.islice(container.decode(video=0), 0, None, 20))
    images = [frame.to_ndarray(format="rgb24") for frame in frames]
    shapes = np.array([tracks.find(image, float(place))[0].blendshapes for place, image in enumerate(images)])
    blinks = columns(shapes, "eyeBlinkLeft", "eyeBlinkRight")
    assert blinks.max() > 0.6 > 0.3 > blinks.min()


def test_place_and_size_are_of_no_effect(tracks, shared_data):
    tracks.reset()
    image = cv2.imread(str(shared_data / "video" / "multi_face.jpg"))[..., ::-1].copy()
    with zipfile.ZipFile(model_file.resolve()) as archive:
        network = Blendshapes(archive.read(model_file.BLENDSHAPES))
    for face in tracks.find(image, 0.0):
        np.testing.assert_allclose(network(face.mesh), face.blendshapes, atol=1e-6)
        moved = face.mesh * 2.5 + np.float32([100, 40, 0])
        np.testing.assert_allclose(network(moved), face.blendshapes, atol=1e-3)
        deeper = face.mesh * np.float32([1, 1, 3])
        np.testing.assert_array_equal(network(deeper), network(face.mesh))


def test_a_landmarker_without_them_is_refused(tmp_path):
    old = tmp_path / "old.task"
    with zipfile.ZipFile(old, "w") as archive:
        for name in (model_file.DETECTOR, model_file.MESH):
            archive.writestr(name, b"")
    with pytest.raises(ValueError, match=r"old.task lacks face_blendshapes.tflite; blendshapes need a face_landmarker"):
        FaceTracks(old, blendshapes=True)
