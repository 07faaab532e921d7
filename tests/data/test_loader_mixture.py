"""Mixtures of data sets with emotions only and data sets with valence and arousal."""

import csv

import numpy as np
import pytest
from PIL import Image

from affect_jax import emotions
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_rows import COLUMNS
from affect_jax.data.readers.fer2013 import FER2013Config, fer2013
from affect_jax.data.readers.ferplus import REQUIRED, FERPlusConfig, ferplus
from affect_jax.data.source import Concatenated, with_label_set
from affect_jax.ops.image import unit_range

COUNT = 24  # of each data set, two thirds of them "happy"
PARTS = 3


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """AffectNet (valence and arousal, blue images), FER2013 (gray of shade 100) and FER+ (the same faces, votes)."""
    root = tmp_path_factory.mktemp("mixture")
    Image.new("RGB", (64, 64), (0, 0, 200)).save(root / "blue.png")
    with open(root / "training.csv", "w", newline="") as file:
        rows = [["blue.png", "", "", "", "", "", 1 if i % 3 else 6, i / COUNT, -i / COUNT] for i in range(COUNT)]
        csv.writer(file).writerows([COLUMNS, *rows])
    face = " ".join(["100"] * 2303 + ["101"])
    with open(root / "fer2013.csv", "w", newline="") as file:
        rows = [[3 if i % 3 else 0, face, "Training"] for i in range(COUNT)]
        csv.writer(file).writerows([("emotion", "pixels", "Usage"), *rows])
    with open(root / "fer2013new.csv", "w", newline="") as file:
        rows = [["Training", f"{i}.png", 0, 8, 0, 0, 2, 0, 0, 0, 0, 0] for i in range(COUNT)]
        csv.writer(file).writerows([REQUIRED, *rows])
    read = [
        affectnet(AffectNetConfig(str(root))),
        fer2013(FER2013Config(str(root))),
        ferplus(FERPlusConfig(str(root))),
    ]
    return [with_label_set(source, "affectnet_8") for source in read]


def batches(sources, **options):
    stream = training_batches(
        Concatenated(sources), crop_px=32, batch=16, seed=0, augment=AugmentConfig(), mixture=[2.0, 1.0, 1.0], **options
    )
    drawn = [next(stream) for _ in range(6)]
    stream.close()
    return drawn


def test_rows_without_valence_and_arousal_have_weight_zero_and_the_shares_hold(sources):
    happy, anger = (emotions.names("affectnet_8").index(name) for name in ("happy", "anger"))
    parts = []
    for batch in batches(sources):
        part = batch.index // COUNT
        np.testing.assert_array_equal(batch.labels["valence_arousal"].weight, np.float32(part == 0))
        assert not batch.labels["valence_arousal"].value[part > 0].any()
        assert batch.labels["emotion"].weight.all() and batch.weight.all()
        np.testing.assert_allclose(batch.labels["emotion"].value.sum(-1), 1, atol=1e-6)
        votes = batch.labels["emotion"].value[part == 2]
        np.testing.assert_allclose(votes[:, [happy, anger]], np.tile([0.8, 0.2], (len(votes), 1)), atol=1e-6)
        assert set(batch.labels["emotion"].value[part < 2].argmax(-1)) <= {happy, anger}
        images = unit_range(batch.inputs.images)
        blue = images[..., 2].mean((1, 2)) - images[..., 0].mean((1, 2)) > 0.3
        np.testing.assert_array_equal(blue, part == 0)  # pixels and labels are of the same example
        parts.append(np.bincount(part, minlength=PARTS))
    np.testing.assert_array_equal(np.sum(parts, 0), [48, 24, 24])  # of 96, by the weights 2 : 1 : 1


def test_balance_works_inside_each_part_of_a_mixture(sources):
    named = [
        batch.labels["emotion"].value[batch.index < 2 * COUNT].argmax(-1) for batch in batches(sources, balanced=1.0)
    ]
    share = np.mean(np.concatenate(named) == emotions.names("affectnet_8").index("anger"))
    assert 0.35 < share < 0.65  # a third of the rows, half of the draws
