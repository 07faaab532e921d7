"""Head pose, and a weak-perspective camera.

Yaw turns the nose to the right of the image, pitch raises it, and roll turns the head clockwise; in degrees.
"""

import math

import numpy as np
from jaxtyping import Float

from affect_jax.data.render.shape import AVERAGE_FACE
from affect_jax.ops.geometry import EMONET_SIDE

PIVOT = np.array([0.0, 0.6, -0.9])  # center of rotation, in the neck
CROP_SHARE = 0.82  # of the canvas that the EmoNet crop covers


def rotation(pose_degrees: Float[np.ndarray, "face 3"]) -> Float[np.ndarray, "face 3 3"]:
    """Rotation from head to camera coordinates: yaw, then pitch, then roll."""
    yaw, pitch, roll = np.deg2rad(pose_degrees).T
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    about_y = [[np.cos(yaw), zero, np.sin(yaw)], [zero, one, zero], [-np.sin(yaw), zero, np.cos(yaw)]]
    about_x = [[one, zero, zero], [zero, np.cos(pitch), -np.sin(pitch)], [zero, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), zero], [np.sin(roll), np.cos(roll), zero], [zero, zero, one]]
    about_y, about_x, about_z = (np.moveaxis(np.array(axis), -1, 0) for axis in (about_y, about_x, about_z))
    return about_z @ about_x @ about_y


def rotation_of_one(pose_degrees: Float[np.ndarray, "3"], share: float = 1.0) -> Float[np.ndarray, "3 3"]:
    """Like `rotation`, for a single head and a share of the angles; uses floats, which are faster than arrays here."""
    yaw, pitch, roll = (math.radians(float(angle) * share) for angle in pose_degrees)
    (sy, cy), (sp, cp), (sr, cr) = ((math.sin(angle), math.cos(angle)) for angle in (yaw, pitch, roll))
    return np.array(
        [
            [cr * cy - sr * sp * sy, -sr * cp, cr * sy + sr * sp * cy],
            [sr * cy + cr * sp * sy, cr * cp, sr * sy - cr * sp * cy],
            [-cp * sy, sp, cp * cy],
        ]
    )


def slide_contour(
    points: Float[np.ndarray, "face 68 3"], pose_degrees: Float[np.ndarray, "face 3"]
) -> Float[np.ndarray, "face 68 3"]:
    """Moves the jaw line of the far side forward to the visible contour, where annotators place landmarks."""
    turned = np.sin(np.deg2rad(pose_degrees[:, :1])) / 0.5
    far = np.clip(turned * np.sign(AVERAGE_FACE[None, :17, 0]), 0, 1)
    slid = points.copy()
    slid[:, :17, 2] -= far * 0.65 * np.minimum(points[:, :17, 2], 0)
    return slid


def turn(points: Float[np.ndarray, "*point 3"], matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "*point 2"]:
    """Projects the points of one head in a given pose, in head units."""
    return (points - PIVOT) @ matrix[:2].T + PIVOT[:2]


def turn_all(
    points: Float[np.ndarray, "face 68 3"], pose_degrees: Float[np.ndarray, "face 3"]
) -> Float[np.ndarray, "face 68 2"]:
    """Projects the landmarks of many heads in their poses, in head units."""
    slid = slide_contour(points, pose_degrees)
    return np.einsum("npc,ndc->npd", slid - PIVOT, rotation(pose_degrees)[:, :2], optimize=True) + PIVOT[:2]


def framing(turned: Float[np.ndarray, "face 68 2"]) -> Float[np.ndarray, "face 3"]:
    """Returns (scale, shift x, shift y) that center the EmoNet crop on a unit canvas with side `CROP_SHARE`."""
    low, high = turned.min(1), turned.max(1)
    scale = CROP_SHARE / (EMONET_SIDE * (high - low).mean(1))
    return np.concatenate([scale[:, None], 0.5 - (low + high) / 2 * scale[:, None]], axis=1)


def landmarks_px(
    turned: Float[np.ndarray, "*face point 2"], framing: Float[np.ndarray, "*face 3"], size_px: int
) -> Float[np.ndarray, "*face point 2"]:
    """Converts landmarks to canvas pixels, with pixel centers at integers."""
    return (turned * framing[..., None, :1] + framing[..., None, 1:]) * size_px - 0.5
