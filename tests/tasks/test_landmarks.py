"""The landmark task: perfect heatmaps score 0, shifted ones their shift; clips are scored as their frames are."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels

from affect_jax.evaluate.run import evaluate
from affect_jax.ops.heatmap import render_heatmaps
from affect_jax.tasks.affect import Affect, AffectConfig
from affect_jax.tasks.landmarks import Landmarks, LandmarksConfig
from affect_jax.types import Batch, Predictions

IMAGE_PX, MAP_PX, SIGMA_PX = 32, 16, 1.0


def landmark_batch():
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(8, 24, (3, 68, 2)).astype(np.float32)
    landmarks[:, 36], landmarks[:, 45] = (6, 16), (26, 16)  # outer eye corners 20 px apart
    nothing = np.zeros(3, np.float32)
    labels = make_labels(
        np.zeros((3, 2), np.float32), nothing, np.zeros((3, 8), np.float32), nothing, landmarks, nothing + 1
    )
    batch = make_batch(np.zeros((3, IMAGE_PX, IMAGE_PX, 3), np.float32), labels, np.float32([1, 1, 0]), np.arange(3))
    return jax.tree.map(jnp.asarray, batch)


def predictions_of(landmarks):
    maps = render_heatmaps(jnp.asarray(landmarks), IMAGE_PX, MAP_PX, SIGMA_PX)
    return Predictions(landmarks=jnp.stack([jnp.zeros_like(maps), maps], axis=1))  # the last module decides


def test_shifted_heatmaps_score_their_shift():
    batch, task = landmark_batch(), Landmarks(LandmarksConfig())
    shift = np.zeros((3, 1, 2), np.float32)
    shift[1] = (3, 4)  # 5 of 20 px on one of two faces; the third is padding
    shift[2] = (5, 5)
    exact, shifted = (predictions_of(batch.labels["landmarks"].value + by) for by in (0 * shift, shift))
    nme = lambda predictions: evaluate(lambda _: predictions, task.quantities, [batch], IMAGE_PX)["nme"]
    assert nme(exact) == pytest.approx(0, abs=2e-3)
    assert nme(shifted) == pytest.approx(0.25 / 2, abs=2e-3)


def test_loss_counts_every_module_and_no_padding():
    batch, task = landmark_batch(), Landmarks(LandmarksConfig())
    predictions = predictions_of(batch.labels["landmarks"].value)
    target = np.float64(predictions["landmarks"][:, 1])
    expected = (target[:2] ** 2).mean() / 2  # the silent first module of the two faces that count
    terms, _ = task.terms(predictions, batch)
    np.testing.assert_allclose(terms["loss/heatmaps"], expected, rtol=1e-5)
    np.testing.assert_allclose(task.combine(terms, {}, jax.random.key(0)), expected, rtol=1e-5)
    broken = predictions.replace(landmarks=predictions["landmarks"].at[2].set(jnp.nan))
    assert task.terms(broken, batch)[0]["loss/heatmaps"] == terms["loss/heatmaps"]


def test_no_labeled_face_gives_no_score():
    batch, task = landmark_batch(), Landmarks(LandmarksConfig())
    empty = dataclasses.replace(batch, weight=jnp.zeros(3))
    exact = predictions_of(batch.labels["landmarks"].value)
    assert evaluate(lambda _: exact, task.quantities, [empty], IMAGE_PX) == {}


def test_landmarks_beside_emotions_add_the_same_term():
    batch = landmark_batch()
    rng = np.random.default_rng(1)
    logits = jnp.float32(rng.normal(size=(3, 8)))
    heatmaps = predictions_of(batch.labels["landmarks"].value + 2)["landmarks"]
    alone, _ = Landmarks(LandmarksConfig()).terms(Predictions(landmarks=heatmaps), batch)
    both = Affect(AffectConfig(landmark_weight=300.0))
    terms, _ = both.terms(Predictions(emotion=logits, landmarks=heatmaps), batch)
    assert terms["loss/heatmaps"] == alone["loss/heatmaps"] > 0
    total = both.combine(terms, {}, None)
    np.testing.assert_allclose(total, 300 * alone["loss/heatmaps"] + terms["loss/emotion"], rtol=1e-6)
    without, _ = Affect(AffectConfig()).terms(Predictions(emotion=logits, landmarks=heatmaps), batch)
    assert "loss/heatmaps" not in without


def six_frames(shape: tuple[int, ...]) -> tuple[Predictions, Batch]:
    """Six frames with predicted heatmaps, under any leading axes."""
    rng = np.random.default_rng(0)
    heatmaps = rng.random((6, 1, 8, 8, 68), np.float32).reshape(*shape, 1, 8, 8, 68)
    landmarks = rng.uniform(4, 28, (6, 68, 2)).astype(np.float32).reshape(*shape, 68, 2)
    weight = np.float32([1, 1, 0, 1, 1, 1]).reshape(shape)
    affect, emotion = np.zeros((*shape, 2), np.float32), np.zeros((*shape, 8), np.float32)
    labels = make_labels(affect, 0 * weight, emotion, 0 * weight, landmarks, weight)
    images = np.zeros((*shape, 32, 32, 3), np.float32)
    return Predictions(landmarks=heatmaps), make_batch(
        images, labels, np.ones(shape, np.float32), np.arange(6).reshape(shape)
    )


def test_clips_are_scored_as_their_frames_are():
    task = Landmarks(LandmarksConfig())
    (frames, photographs), (clips, recordings) = six_frames((6,)), six_frames((2, 3))
    apart, _ = jax.jit(task.terms)(frames, photographs)
    together, _ = jax.jit(task.terms)(clips, recordings)
    np.testing.assert_allclose(together["loss/heatmaps"], apart["loss/heatmaps"], rtol=1e-6)
    pairs = ((frames, photographs), (clips, recordings))
    scores = [evaluate(lambda _, p=predictions: p, task.quantities, [batch], 32) for predictions, batch in pairs]
    assert scores[0].keys() == scores[1].keys() and scores[0]["nme"] > 0
    for name, value in scores[0].items():
        np.testing.assert_allclose(scores[1][name], value, rtol=1e-6)
