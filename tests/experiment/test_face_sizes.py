import logging

import numpy as np
import pytest
from bright_square import BrightSquare
from PIL import Image

from affect_jax.data.folds import FoldConfig
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.experiment import face_sizes
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.data import open_source
from affect_jax.experiment.face_sizes import check_face_sizes

SIDE = 200


@pytest.fixture
def finder(monkeypatch):
    found = BrightSquare()
    monkeypatch.setattr(face_sizes, "cached_finder", lambda: found)
    return found


def squares(root, faces_px, side=SIDE):
    """Square images, each with a bright face of that size, or none for 0."""
    (root / "happy").mkdir()
    for number, face in enumerate(faces_px):
        image = np.full((side, side, 3), 60, np.uint8)
        if face:
            image[10 : 11 + face, 10 : 11 + face] = 220
        Image.fromarray(image).save(root / "happy" / f"{number:02d}.png")
    return folder(FolderConfig(str(root)))


def test_square_images_with_small_faces_are_no_crops(tmp_path, finder):
    source = squares(tmp_path, [50, 60, 40])
    with pytest.raises(
        ValueError, match=rf"faces span 25% of the images \(the median of 3 tried\).*--data_root={tmp_path}"
    ):
        check_face_sizes(source, "folder", str(tmp_path))
    with pytest.raises(ValueError, match="nothing says where the faces are; crop them. To use"):
        check_face_sizes(source, "aff_wild2", str(tmp_path))


def test_crops_pass_and_loose_ones_are_noted(tmp_path, finder, caplog):
    caplog.set_level(logging.WARNING, logger="absl")
    (tmp_path / "tight").mkdir()
    check_face_sizes(squares(tmp_path / "tight", [110, 160, 100]), "folder", "D")
    assert not caplog.text
    (tmp_path / "loose").mkdir()
    check_face_sizes(squares(tmp_path / "loose", [80, 80, 10]), "folder", "D")
    assert "D: faces span 40% of the images" in caplog.text


def test_images_in_which_no_face_is_found_are_not_refused(tmp_path, finder):
    check_face_sizes(squares(tmp_path, [50, 0, 0]), "folder", "D")
    assert finder.looked == 3


def test_small_images_and_those_with_landmarks_are_not_looked_at(tmp_path, finder, monkeypatch):
    (tmp_path / "small").mkdir()
    check_face_sizes(squares(tmp_path / "small", [20, 20], side=100), "folder", "D")
    (tmp_path / "located").mkdir()
    squares(tmp_path / "located", [50])
    (tmp_path / "located" / "landmarks" / "happy").mkdir(parents=True)
    points = "".join(f"{10 + k / 2} {20 + k / 3}\n" for k in range(68))
    (tmp_path / "located" / "landmarks" / "happy" / "00_landmarks.txt").write_text(points)
    check_face_sizes(folder(FolderConfig(str(tmp_path / "located"))), "folder", "D")
    assert finder.looked == 0
    monkeypatch.setattr(face_sizes, "cached_finder", lambda: None)
    (tmp_path / "without").mkdir()
    check_face_sizes(squares(tmp_path / "without", [50]), "folder", "D")


def test_training_and_evaluation_refuse_unless_told_otherwise(tmp_path, finder):
    squares(tmp_path, [50, 50])
    part = SourceConfig("folder", FolderConfig(str(tmp_path)), fold=FoldConfig())
    with pytest.raises(ValueError, match=r"these are no face crops.*python -m launch.find_faces --data=folder"):
        open_source(part, "affectnet_8")
    allowed = SourceConfig("folder", FolderConfig(str(tmp_path), allow_whole_images=True), fold=FoldConfig())
    assert len(open_source(allowed, "affectnet_8").examples) == 2
