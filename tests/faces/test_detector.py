"""Anchors, decoding and suppression by hand; no weights needed."""

import numpy as np

from affect_jax.faces.detector import anchors, decode, overlap_with_first, weighted_suppression


def test_anchors_by_hand():
    centers = anchors()
    # 16 x 16 cells of 8 px with two anchors, 8 x 8 cells of 16 px with six: 512 + 384.
    assert len(centers) == 896
    np.testing.assert_allclose(centers[[0, 1, 2]] * 128, [[4, 4], [4, 4], [12, 4]])  # x runs first
    np.testing.assert_allclose(centers[[32, 511]] * 128, [[4, 12], [124, 124]])
    np.testing.assert_allclose(centers[[512, 517, 518, 895]] * 128, [[8, 8], [8, 8], [24, 8], [120, 120]])


def test_decoding_by_hand():
    raw = np.zeros((896, 16), np.float32)
    raw[2, :4] = 3, -1, 20, 10  # center 3 px right and 1 px above the anchor (12, 4); 20 wide, 10 high
    raw[2, 4:6] = -5, 2  # the first key point
    logits = np.full(896, -300, np.float32)
    logits[2] = np.log(3)
    points, scores = decode(raw, logits, anchors(), 128)
    np.testing.assert_allclose(points[2, :3], [[5, -2], [25, 8], [7, 6]])
    np.testing.assert_allclose(scores[2], 0.75, rtol=1e-6)  # 3 / (1 + 3)
    assert 0 < scores[0] < 1e-40  # clipped, no overflow


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, bottom]] + [[left, top]] * 6, dtype=float)


def test_overlap_by_hand():
    boxes = np.stack([box(0, 0, 10, 10), box(5, 0, 15, 10), box(20, 20, 30, 30)])
    np.testing.assert_allclose(overlap_with_first(boxes), [1, 50 / 150, 0])


def test_boxes_of_one_face_are_averaged_by_score():
    boxes = np.stack([box(2, 0, 12, 10), box(40, 40, 50, 50), box(0, 0, 10, 10)])
    (first, first_score), (second, second_score) = weighted_suppression(boxes, np.array([0.6, 0.8, 0.9]))
    # Left edge (2 * 0.6 + 0 * 0.9) / 1.5 = 0.8; the best score stands.
    np.testing.assert_allclose(first[:2], [[0.8, 0], [10.8, 10]])
    np.testing.assert_allclose(second[:2], [[40, 40], [50, 50]])
    assert (first_score, second_score) == (0.9, 0.8)


def test_nothing_found():
    assert weighted_suppression(np.empty((0, 8, 2)), np.empty(0)) == []
