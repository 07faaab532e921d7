"""The normalized mean error of landmarks."""

import jax
import numpy as np
import pytest

from affect_jax.metrics.landmark import LandmarkError, landmark_scores


def face():
    label = np.zeros((68, 2), np.float32)
    label[36], label[45] = (10, 20), (50, 20)  # outer eye corners 40 px apart
    return label


def test_hand_worked_error_over_faces_of_two_batches():
    label = np.stack([face(), face(), face()])
    off = label + np.float32([[[3, 4]], [[0, 2]], [[8, 0]]])  # 5, 2 and 8 px: 0.125, 0.05 and 0.2 of 40 px
    present = np.ones((3, 68), np.float32)
    of = jax.jit(LandmarkError.of)
    merged = of(off[:2], label[:2], present[:2]).merge(of(off[2:], label[2:], present[2:]))
    assert landmark_scores(merged) == {"nme": pytest.approx((0.125 + 0.05 + 0.2) / 3, rel=1e-6)}


def test_absent_landmarks_and_unlabeled_or_degenerate_faces_are_not_counted():
    label = np.stack([face(), np.full((68, 2), np.nan, np.float32), np.zeros((68, 2), np.float32)])
    off = label + np.float32([4, 0])
    off[0, :10] += 1000
    present = np.ones((3, 68), np.float32)
    present[0, :10] = 0
    present[1] = 0
    state = LandmarkError.of(off, label, present)
    assert float(state.count) == 1  # the third face has both eyes in one point
    assert landmark_scores(state) == {"nme": pytest.approx(0.1, rel=1e-6)}
    assert landmark_scores(LandmarkError.of(off, label, present * 0)) == {}
