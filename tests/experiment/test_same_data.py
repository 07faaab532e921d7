"""A run is resumed with the data it was started with, or not at all."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from affect_jax.data.fingerprint import source_fingerprint
from affect_jax.data.source import Subset
from affect_jax.experiment import same_data
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.run import Run
from affect_jax.experiment.same_data import DATA, require_same_data
from configs import base

COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "expression", "valence", "arousal")


def write_list(path, faces):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, valence in enumerate(faces):
            writer.writerow([f"{number}.png", 4, 4, 40, 40, number % 2, valence, 0.5])


@pytest.fixture
def root(tmp_path):
    """A data set in AffectNet's form: six faces for training, two for validation."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(6):
        Image.fromarray(np.full((48, 48, 3), 40 * number, np.uint8)).save(folder / f"{number}.png")
    write_list(folder / "training.csv", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    write_list(folder / "validation.csv", [0.1, 0.2])
    return folder


def open_run(miniature, root, tmp_path):
    config = miniature(tmp_path)
    config.data.store = ""
    config.data.train = {"faces": base.data_set("affectnet", root=str(root), images=str(root))}
    config.evaluations.validation = base.data_set("affectnet", root=str(root), images=str(root), split="validation")
    (tmp_path / "run").mkdir(exist_ok=True)
    return Run(parse(config), tmp_path / "run")


CHANGES = {
    "a shorter list": ("training", [0.1, 0.2, 0.3, 0.4], "data.train.faces", "it had 6 examples and has 4 now"),
    "another label": ("training", [0.1, 0.2, 0.3, 0.4, 0.5, 0.61], "data.train.faces", "its 6 examples have other"),
    "another validation": ("validation", [0.1], "evaluations.validation", "it had 2 examples and has 1 now"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_changed_data_are_refused_by_name_when_a_run_is_resumed(case, miniature, root, tmp_path):
    split, faces, name, difference = CHANGES[case]
    require_same_data(open_run(miniature, root, tmp_path), resuming=False)
    require_same_data(open_run(miniature, root, tmp_path), resuming=True)
    before = (tmp_path / "run" / DATA).read_bytes()
    write_list(root / f"{split}.csv", faces)
    with pytest.raises(UsageError, match=rf"^{name} has changed since this run started: {difference}") as refused:
        require_same_data(open_run(miniature, root, tmp_path), resuming=True)
    assert str(refused.value).endswith(f"remove {tmp_path}/run/{DATA}")
    assert (tmp_path / "run" / DATA).read_bytes() == before
    (tmp_path / "run" / DATA).unlink()
    require_same_data(open_run(miniature, root, tmp_path), resuming=True)
    assert (tmp_path / "run" / DATA).read_bytes() != before


def test_a_run_that_saved_nothing_yet_takes_the_data_as_they_are(miniature, root, tmp_path):
    require_same_data(open_run(miniature, root, tmp_path), resuming=False)
    write_list(root / "training.csv", [0.1, 0.2, 0.3])
    require_same_data(open_run(miniature, root, tmp_path), resuming=False)
    assert json.loads((tmp_path / "run" / DATA).read_text())["data.train.faces"]["examples"] == 3


def test_a_damaged_file_is_named(miniature, root, tmp_path):
    run = open_run(miniature, root, tmp_path)
    (tmp_path / "run" / DATA).write_text('{"data')
    with pytest.raises(UsageError, match=r"data\.json is damaged .* remove it to go on"):
        require_same_data(run, resuming=True)


def test_the_fingerprint_is_that_of_names_labels_and_order_not_of_pixels(miniature, root, tmp_path):
    source = open_run(miniature, root, tmp_path).source
    known = source_fingerprint(source)
    assert source_fingerprint(Subset(source, np.arange(6))) == known
    assert source_fingerprint(Subset(source, np.arange(6)[::-1])) != known
    Image.fromarray(np.zeros((48, 48, 3), np.uint8)).save(root / "5.png")
    assert source_fingerprint(open_run(miniature, root, tmp_path).source) == known
    table = source.examples
    half = {name: dataclasses.replace(label, weight=label.weight / 2) for name, label in table.labels.items()}
    source.examples = table.relabel(table.labels.replace(**half))
    assert source_fingerprint(source) != known


@pytest.mark.parametrize(
    "case, difference", [("a shorter list", "4 examples, 6 there"), ("another label", "other names")]
)
def test_data_that_process_0_does_not_have_are_refused_by_name(
    case, difference, miniature, root, tmp_path, monkeypatch
):
    texts = []
    monkeypatch.setattr(same_data, "from_first", lambda _name, text: texts.append(text) or texts[0])
    require_same_data(open_run(miniature, root, tmp_path), resuming=False)
    split, faces, name, _ = CHANGES[case]
    write_list(root / f"{split}.csv", faces)
    with pytest.raises(
        UsageError, match=f"{name} on .* is not what process 0 reads: {difference}.*need the same files"
    ):
        require_same_data(open_run(miniature, root, tmp_path), resuming=False)
