"""How much the image of a face can be relied upon, as one number."""

import math

import cv2
import numpy as np
from jaxtyping import Float

from affect_jax.faces.face import Box, Image
from affect_jax.faces.pose import LEFT_EYE, RIGHT_EYE, pose_of

FULL_EYES_PX = 60.0  # between the outer corners of the eyes: from there on, size takes nothing away
SHARPNESS_PX = 112  # longer side of the face in which blur is measured
HALF_SHARPNESS = 0.02  # photographs have 0.023 to 0.12, blurred by 1/40 of the face 0.008 to 0.03 (face_detection.md)
FLAT = 1.0  # variance of gray levels that is nothing but rounding


def quality_of(image: Image, box: Box, mesh: Float[np.ndarray, "478 3"], score: float) -> float:
    """Returns the quality of a face in [0, 1], the product of four parts that are 1 at best.

    Size: distance between the outer corners of the eyes over 60 px, at most 1. Sharpness: s / (s + 0.02), with s the
    variance of the Laplacian over that of the gray levels, in the face scaled to 112 px; noise passes for sharpness.
    Pose: cos(yaw) cos(pitch) (1 + cos(roll)) / 2, zero from 90 degrees on. Confidence: `score`, in [0, 1].
    """
    eyes_px = float(np.linalg.norm(mesh[LEFT_EYE] - mesh[RIGHT_EYE]))
    size = min(1.0, eyes_px / FULL_EYES_PX)
    measured = sharpness(image, box)
    yaw, pitch, roll = (math.radians(angle) for angle in pose_of(mesh))
    pose = max(0.0, math.cos(yaw)) * max(0.0, math.cos(pitch)) * (1 + math.cos(roll)) / 2
    return size * measured / (measured + HALF_SHARPNESS) * pose * score


def sharpness(image: Image, box: Box) -> float:
    """Returns the variance of the Laplacian of a face over the variance of its gray levels; 0 if it is flat."""
    size = np.array(image.shape[1::-1])
    low = np.clip(np.floor(box[:2]), 0, size - 1).astype(int)
    high = np.clip(np.ceil(np.add(box[:2], box[2:])), low + 1, size).astype(int)
    part = cv2.cvtColor(image[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY)
    # By the whole box: a face that extends over the border is not enlarged.
    scale = SHARPNESS_PX / max(box[2], box[3], 1.0)
    scaled = tuple(np.maximum(1, np.round((high - low) * scale)).astype(int).tolist())
    gray = cv2.resize(part, scaled, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    contrast = float(gray.var())
    return float(cv2.Laplacian(gray, cv2.CV_32F).var()) / contrast if contrast > FLAT else 0.0
