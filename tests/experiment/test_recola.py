"""What a licensee of RECOLA types, on an imitation of its layout: training, features of both halves, comparison."""

import csv

import imitated_recola
import numpy as np
import pytest

from affect_jax.data.readers.recola import RECOLAConfig
from affect_jax.data.readers.recola import recola as read
from affect_jax.experiment import splits
from affect_jax.experiment.adapt import adapt_run
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.features import store_data_set
from affect_jax.experiment.find_faces import find_faces, make_finder
from affect_jax.experiment.forget import forget
from affect_jax.experiment.lesson import Lesson, read_lesson
from affect_jax.experiment.study.adaptation import compare_adaptation
from affect_jax.experiment.train import train
from affect_jax.files.openface import read_openface
from affect_jax.personal.adapter_file import read_adapter
from affect_jax.personal.stored import read_features
from configs import recola

SECONDS, DELAY_SECONDS = 5.0, 1.0  # the raters of the imitation are as late, on average
FRAMES, DELAY = 125, 25  # the same in frames


def test_options_of_the_sources_hold_for_the_targets_too(tmp_path):
    config = recola.get_config("small")
    given = {
        "root": str(tmp_path),
        "rater": "FF1",
        "labels": "ratings",
        "sources": ("P16",),
        "clock.delay_seconds": 3.0,
    }
    config.update_from_flattened_dict({f"data.train.recola.{name}": value for name, value in given.items()})
    run = options.parse(config)
    part = run.evaluations["targets"]
    assert (part.options.root, part.options.rater, part.options.labels) == (str(tmp_path), "FF1", "ratings")
    assert (part.options.sources, part.clock.delay_seconds) == (("P16",), 3.0)
    splits.check_disjoint(run)


def small(root, start, model):
    """The config that learns from the sources, in miniature."""
    config = recola.get_config("small")
    config.model = model
    config.batch_size, config.frozen, config.optimizer.learning_rate = 8, "trunk/.*", 1e-2
    config.train.update(steps=4, log_every=2, evaluate_every=4)
    config.initialize.workdir = str(start)
    config.data.store = str(root.parent / "data")
    config.data.stored.crop_px = config.model.trunk.input_px
    config.data.train.recola.root = str(root)
    config.data.train.recola.clock.delay_seconds = DELAY_SECONDS
    return config


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return imitated_recola.imitate(tmp_path_factory.mktemp("recola") / "RECOLA", seconds=SECONDS)


@pytest.fixture(scope="module")
def runs(made, static_run, miniature):
    """A folder with a network that has learned from the sources, and features of both halves."""
    folder = made.root.parent / "runs"
    assert train(small(made.root, static_run, miniature(folder).model), folder / "static")
    for half in ("sources", "targets"):
        store_data_set(folder / "static", "recola", "", half, [], folder / half)
    return folder


@pytest.mark.slow
def test_features_of_the_targets_have_the_labels_that_the_raters_gave_later(made, runs):
    stored = read_features(runs / "targets")
    assert list(dict.fromkeys(stored.subject)) == list(made.names[9:]) and len(stored.subject) == 9 * FRAMES
    for person, name in enumerate(made.names):
        rows = np.flatnonzero(np.array(stored.subject) == name)
        if person < 9:
            assert not len(rows)
            continue
        mean = made.ratings[person].mean(0)
        known = FRAMES - DELAY
        np.testing.assert_allclose(stored.labels[rows][:known], mean[DELAY:FRAMES], atol=1e-5)
        assert stored.weight[rows].tolist() == [1] * known + [0] * DELAY
        truth = made.truth[person][:known]
        late = np.abs(mean[:known] - truth).mean()
        assert np.abs(stored.labels[rows][:known] - truth).mean() < late


@pytest.mark.slow
def test_faces_are_found_in_the_folder_of_videos_of_the_release(tmp_path, landmarker_file):
    root = imitated_recola.imitate(tmp_path / "RECOLA", seconds=0.4, people=2).root
    (root / "landmarks").rename(tmp_path / "true")
    find_faces("recola", str(root), None, lambda: make_finder(str(landmarker_file)))
    for name in ("P16", "P17"):
        true, found = (read_openface(folder / f"{name}.csv") for folder in (tmp_path / "true", root / "landmarks"))
        assert len(found.landmarks) == 10 and found.found.sum() >= 8
        apart = (found.landmarks - true.landmarks)[found.found]
        assert np.linalg.norm(apart, axis=-1).mean() < 4  # px, of faces 50 px wide
    assert len(read(RECOLAConfig(str(root), split="sources")).examples) >= 8


@pytest.mark.slow
def test_methods_are_compared_on_the_targets(runs):
    table = compare_adaptation([runs / "sources"], [runs / "targets"], runs / "comparison", ["bias_scale"], [0.05], 0.0)
    assert "bias scale" in table
    with (runs / "comparison" / "adaptation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    people = {row["subject"] for row in rows}
    assert people == set(read_features(runs / "targets").subject) and len(people) == 9
    with pytest.raises(UsageError, match=r"subject 'P34' is among the sources and among the targets"):
        compare_adaptation([runs / "targets"], [runs / "targets"], runs / "wrong")
    assert not (runs / "wrong").exists()


@pytest.mark.slow
def test_another_halving_does_not_overwrite_features(made, runs):
    with pytest.raises(UsageError, match=r"holds features of .*these would be of .*sources=.*Choose another --output"):
        store_data_set(runs / "static", "recola", "", "targets", ['sources=["P16"]'], runs / "targets")


@pytest.mark.slow
def test_a_target_gets_an_adapter_and_is_forgotten(runs):
    people, stored = runs / "people", read_features(runs / "targets")
    lesson = read_lesson("P34", None, [], "bias_scale", str(runs / "sources"), 0.0)
    adapt_run(runs / "static", people / "P34.safetensors", runs / "targets", lesson)
    adapter, card = read_adapter(people / "P34.safetensors", stored.network_sha256)
    assert (card.person, card.frames, card.has_neutral) == ("P34", FRAMES - DELAY, False)
    rows = (np.array(stored.subject) == "P34") & (stored.weight > 0)
    output, labels = stored.output[rows].astype(float), stored.labels[rows].astype(float)
    lines = [np.polyfit(output[:, dimension], labels[:, dimension], 1) for dimension in range(2)]
    corrected = adapter.apply(stored.features[rows], stored.output[rows])
    expected = [np.polyval(line, output[:, dimension]) for dimension, line in enumerate(lines)]
    np.testing.assert_allclose(corrected, np.stack(expected, axis=1), atol=1e-4)
    with pytest.raises(ValueError, match=r"targets holds the subjects P34, P37, .*; none of them is 'P16'"):
        adapt_run(runs / "static", people / "P16.safetensors", runs / "targets", Lesson("P16"))
    forget(people, "P34")
    assert not list(people.iterdir())
