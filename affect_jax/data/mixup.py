"""Two faces blended into one, pictures and labels alike.

Source: Zhang et al., mixup: Beyond empirical risk minimization, ICLR 2018.
"""

import dataclasses

import numpy as np

from affect_jax.types import Batch, Labels


def mixup(batch: Batch, rng: np.random.Generator, alpha: float) -> Batch:
    """Blends each row with another of the batch, by a share drawn from Beta(alpha, alpha).

    A row keeps at least half of itself. A label that only one of the two has counts with that one's share; landmarks
    cannot be blended, so a row keeps its own, with its share as weight.
    """
    rows = len(batch.index)
    share = rng.beta(alpha, alpha, rows).astype(np.float32)
    share, other = np.maximum(share, 1 - share), rng.permutation(rows)
    weight = _blend(batch.weight, batch.weight[other], share)
    return dataclasses.replace(
        batch,
        images=_blend(batch.images, batch.images[other], share),
        labels=_blended_labels(batch.labels, other, share),
        weight=weight,
    )


def _blend(one: np.ndarray, two: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *[1] * (one.ndim - 1))
    return share * one + (1 - share) * two


def _blended_labels(labels: Labels, other: np.ndarray, share: np.ndarray) -> Labels:
    def both(value: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total = _blend(weight, weight[other], share)
        known = np.where(weight[..., None] > 0, value, 0) * weight[..., None]  # what has no weight may be anything
        return _blend(known, known[other], share) / np.where(total > 0, total, 1)[..., None], total

    affect, affect_weight = both(labels.valence_arousal, labels.valence_arousal_weight)
    emotion, emotion_weight = both(labels.emotion, labels.emotion_weight)
    zero = np.zeros_like(labels.landmarks_weight)
    return Labels(
        valence_arousal=affect,
        valence_arousal_weight=affect_weight,
        emotion=emotion,
        emotion_weight=emotion_weight,
        landmarks=labels.landmarks,
        landmarks_weight=_blend(labels.landmarks_weight, zero, share),
    )
