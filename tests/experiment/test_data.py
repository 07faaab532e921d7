"""The crop of a run is one section: training, evaluation and prediction cut the same square and name it alike."""

import contextlib
import multiprocessing

import jax
import numpy as np

from affect_jax.experiment import evaluate
from affect_jax.experiment.config import options
from affect_jax.experiment.data import evaluation_batches, open_training_source, training_batches
from affect_jax.ops.geometry import CropConfig, crop_name
from affect_jax.ops.image import unit_range


def still(config):
    """No jitter, so that crops of training and evaluation can be compared."""
    config.augment.update({name: 0.0 for name in config.augment})
    return config


def test_training_and_evaluation_cut_the_crop_of_the_section(miniature, tmp_path):
    found = []
    for crop in ({"side_ratio": 1.3}, {}, {"warp": "emonet"}):
        config = still(miniature(tmp_path))
        config.crop.update(crop)
        run = options.parse(config)
        data = open_training_source(run, tmp_path)
        stream = iter(training_batches(run, data, tmp_path))
        trained = next(stream)
        stream.close()
        (evaluated,) = evaluation_batches(run, data, tmp_path)
        np.testing.assert_array_equal(trained.inputs.images, evaluated.inputs.images[trained.index])
        found.append(unit_range(evaluated.inputs.images))
    tight, wide, emonet = found
    assert np.abs(tight - wide).mean() > 0.02
    assert np.abs(wide - emonet).mean() > 0.002


def test_a_summary_names_the_crop_with_its_numbers(miniature, tmp_path):
    config = miniature(tmp_path)
    config.crop.side_ratio = 1.3
    run = options.parse(config)
    crop = evaluate.conditions_of(run, run.evaluations["validation"], flip=(), step=0).crop
    assert crop == crop_name(32, CropConfig(1.3)) == "landmark_square warp=antialiased side_ratio=1.3000 crop_px=32"


def test_the_workers_of_the_config_read_the_same_batches(miniature, tmp_path):
    config = miniature(tmp_path)
    found, before = [], len(multiprocessing.active_children())
    for config.data.workers in (0, 1):
        run = options.parse(config)
        with contextlib.closing(training_batches(run, open_training_source(run, tmp_path), tmp_path)) as stream:
            found.append([next(stream) for _ in range(3)])
            assert len(multiprocessing.active_children()) == before + config.data.workers
    for one, other in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_array_equal(one, other)
