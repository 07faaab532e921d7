"""The BlazeFace short-range detector: boxes and six key points of the faces in a square region.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019; anchors and
decoding follow the model card of the short-range release (128 px, strides 8 and 16).
"""

import dataclasses

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.faces.interpreter import Network
from affect_jax.ops.geometry import Crop, crop_matrix, invert, warp_points
from affect_jax.ops.image import warp_image

RIGHT_EYE, LEFT_EYE = 0, 1  # the subject's right and left; then nose tip, mouth, right ear, left ear
LOGIT_LIMIT = 100.0
SCORE_THRESHOLD = 0.5
OVERLAP_THRESHOLD = 0.3  # intersection over union above which two boxes are the same face


@dataclasses.dataclass(frozen=True)
class Detection:
    """One face: the corners (left, top), (right, bottom) of its box and six key points, in pixels."""

    corners: Float[np.ndarray, "2 2"]
    keypoints: Float[np.ndarray, "6 2"]
    score: float

    @property
    def side_px(self) -> float:
        """The longer side of the box."""
        return float((self.corners[1] - self.corners[0]).max())


class Detector:
    """Detects faces that take up about a tenth or more of a square region."""

    def __init__(self, weights: bytes, threads: int = 1):
        self._network = Network(weights, threads)
        self._anchors = anchors()

    def __call__(self, image: UInt8[np.ndarray, "height width 3"], region: Crop) -> list[Detection]:
        """Detects the faces in a region of an image; best score first, in pixels of the image."""
        matrix = crop_matrix(region, self._network.size_px)
        crop = warp_image(image, matrix, self._network.size_px)
        raw_boxes, logits = self._network(crop.astype(np.float32) / 127.5 - 1)
        points, scores = decode(raw_boxes, logits[:, 0], self._anchors, self._network.size_px)
        confident = scores >= SCORE_THRESHOLD
        to_image = invert(matrix)
        detections = []
        for face_points, score in weighted_suppression(points[confident], scores[confident]):
            # The network places pixel centers at half-integers.
            image_points = warp_points(to_image, face_points - 0.5)
            # The box stays level with the image where the region is turned.
            extent = (face_points[1] - face_points[0]) * (region.side_px / self._network.size_px)
            middle = image_points[:2].mean(0)
            corners = np.stack([middle - extent / 2, middle + extent / 2])
            detections.append(Detection(corners, image_points[2:], score))
        return detections


def anchors() -> Float[np.ndarray, "896 2"]:
    """Returns anchor centers (x, y) in [0, 1]: two per cell at stride 8, six at stride 16 (three layers of two)."""
    grids = []
    for cells, per_cell in ((16, 2), (8, 6)):
        centers = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(grids)


def decode(
    raw_boxes: Float[np.ndarray, "anchor 16"],
    logits: Float[np.ndarray, "anchor"],
    anchor_centers: Float[np.ndarray, "anchor 2"],
    size_px: int,
) -> tuple[Float[np.ndarray, "anchor 8 2"], Float[np.ndarray, "anchor"]]:
    """Decodes two box corners and six key points per anchor, in pixels of the region, and its score in [0, 1]."""
    values = raw_boxes.astype(np.float64).reshape(-1, 8, 2)
    origin = anchor_centers * size_px
    center, extent = values[:, 0] + origin, values[:, 1]
    points = values + origin[:, None]
    points[:, 0], points[:, 1] = center - extent / 2, center + extent / 2
    return points, 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -LOGIT_LIMIT, LOGIT_LIMIT)))


def weighted_suppression(
    points: Float[np.ndarray, "candidate 8 2"], scores: Float[np.ndarray, "candidate"]
) -> list[tuple[Float[np.ndarray, "8 2"], float]]:
    """Merges the candidates of each face into their mean, weighted by score, and keeps the best score."""
    order = np.argsort(-scores, kind="stable")
    points, scores = points[order], scores[order]
    merged = []
    while len(points):
        same = overlap_with_first(points) > OVERLAP_THRESHOLD
        same[0] = True
        merged.append((np.average(points[same], axis=0, weights=scores[same]), float(scores[0])))
        points, scores = points[~same], scores[~same]
    return merged


def overlap_with_first(points: Float[np.ndarray, "candidate 8 2"]) -> Float[np.ndarray, "candidate"]:
    """Computes the intersection over union of each box with the first one."""
    low, high = points[:, 0], points[:, 1]
    common = np.clip(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0, None).prod(-1)
    areas = np.clip(high - low, 0, None).prod(-1)
    return common / np.maximum(areas + areas[0] - common, 1e-12)
