import dataclasses

import jax
import numpy as np
from records import make_batch, no_labels, with_values

from affect_jax.data.mixup import blend, draw_partners
from affect_jax.types import Batch, Inputs


def faces(shape=(6,)):
    rng = np.random.default_rng(0)
    labels = no_labels(int(np.prod(shape)), 4)
    labels = with_values(
        labels,
        valence_arousal=rng.uniform(-1, 1, labels["valence_arousal"].value.shape).astype(np.float32),
        emotion=rng.dirichlet(np.ones(4), len(labels["emotion"].value)).astype(np.float32),
        landmarks=rng.uniform(0, 8, labels["landmarks"].value.shape).astype(np.float32),
    )
    for number, weight in enumerate(
        [labels["valence_arousal"].weight, labels["emotion"].weight, labels["landmarks"].weight]
    ):
        weight[number % 2 :: 2] = 1
    reshape = lambda leaf: leaf.reshape(*shape, *leaf.shape[1:])
    labels = jax.tree.map(reshape, labels)
    images = rng.uniform(size=(*shape, 8, 8, 3)).astype(np.float32)
    return make_batch(images, labels, np.ones(shape, np.float32), np.arange(int(np.prod(shape))).reshape(shape))


def mixup(batch: Batch, rng, alpha) -> Batch:
    share, partner = draw_partners(rng, len(batch.index), alpha)
    return blend(batch, jax.tree.map(lambda leaf: leaf[partner], batch), share)


def shares(rows, alpha, seed):
    """The same draws once more, in float64."""
    rng = np.random.default_rng(seed)
    share = rng.beta(alpha, alpha, rows)
    return np.maximum(share, 1 - share), rng.permutation(rows)


def test_images_and_labels_are_blended_by_the_same_share():
    batch = faces()
    mixed = mixup(batch, np.random.default_rng(3), 0.4)
    share, other = shares(6, 0.4, 3)
    for row in range(6):
        one, two, s = row, other[row], share[row]
        np.testing.assert_allclose(
            mixed.inputs.images[row], s * batch.inputs.images[one] + (1 - s) * batch.inputs.images[two], rtol=1e-5
        )
        for name in ("valence_arousal", "emotion"):
            value, weight = batch.labels[name].value, batch.labels[name].weight
            total = s * weight[one] + (1 - s) * weight[two]
            np.testing.assert_allclose(mixed.labels[name].weight[row], total, rtol=1e-5)
            if total:
                expected = (s * weight[one] * value[one] + (1 - s) * weight[two] * value[two]) / total
                np.testing.assert_allclose(mixed.labels[name].value[row], expected, rtol=1e-5)
        np.testing.assert_allclose(
            mixed.labels["landmarks"].weight[row], s * batch.labels["landmarks"].weight[row], rtol=1e-5
        )
    np.testing.assert_array_equal(mixed.labels["landmarks"].value, batch.labels["landmarks"].value)
    assert len({int(i) for i in other}) == 6 and (share > 0.5).all() and mixed.inputs.images.dtype == np.float32


def test_bytes_are_blended_as_floats_in_the_unit_range():
    batch = faces()
    levels = np.random.default_rng(4).integers(0, 256, batch.inputs.images.shape, dtype=np.uint8)
    floats = np.multiply(levels, np.float32(1 / 255), dtype=np.float32)
    one, two = (
        mixup(dataclasses.replace(batch, inputs=Inputs(images=images)), np.random.default_rng(3), 0.4).inputs.images
        for images in (levels, floats)
    )
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32


def test_values_of_weight_zero_are_ignored():
    batch = faces()
    broken = batch.labels["valence_arousal"].value.copy()
    broken[batch.labels["valence_arousal"].weight == 0] = np.nan
    spoilt = dataclasses.replace(batch, labels=with_values(batch.labels, valence_arousal=broken))
    one, two = (mixup(b, np.random.default_rng(1), 1.0).labels["valence_arousal"].value for b in (batch, spoilt))
    np.testing.assert_array_equal(one, two)


def test_all_frames_of_a_clip_share_their_partner():
    batch = faces((3, 2))
    mixed = mixup(batch, np.random.default_rng(3), 0.4)
    share, other = shares(3, 0.4, 3)
    expected = share[0] * batch.inputs.images[0] + (1 - share[0]) * batch.inputs.images[other[0]]
    np.testing.assert_allclose(mixed.inputs.images[0], expected, rtol=1e-5)
