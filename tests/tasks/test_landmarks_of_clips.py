import jax
import numpy as np
from records import make_batch, make_labels

from affect_jax.evaluate.run import evaluate
from affect_jax.tasks.landmarks import Landmarks, LandmarksConfig
from affect_jax.types import Batch, Predictions


def batch_of(shape: tuple[int, ...]) -> tuple[Predictions, Batch]:
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
    (frames, photographs), (clips, recordings) = batch_of((6,)), batch_of((2, 3))
    apart, _ = jax.jit(task.terms)(frames, photographs)
    together, _ = jax.jit(task.terms)(clips, recordings)
    np.testing.assert_allclose(together["loss/heatmaps"], apart["loss/heatmaps"], rtol=1e-6)
    pairs = ((frames, photographs), (clips, recordings))
    scores = [evaluate(lambda _, p=predictions: p, task.quantities, [batch], 32) for predictions, batch in pairs]
    assert scores[0].keys() == scores[1].keys() and scores[0]["nme"] > 0
    for name, value in scores[0].items():
        np.testing.assert_allclose(scores[1][name], value, rtol=1e-6)
