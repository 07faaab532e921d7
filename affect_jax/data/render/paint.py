"""One face, from its description to pixels."""

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import brush, features, head, shape, surface
from affect_jax.data.render.identity import Identity
from affect_jax.data.render.outline import smooth
from affect_jax.data.render.scene import Scene, paint_background, paint_occluder, photograph


@dataclasses.dataclass(frozen=True)
class View:
    """One moment of one face. Angles in degrees, blur in pixels of a 64-px picture."""

    shown: Float[np.ndarray, "unit 2"]
    pose_degrees: Float[np.ndarray, "3"]
    gaze: Float[np.ndarray, "2"]  # of the iris, as a share of half the eye's width
    framing: Float[np.ndarray, "3"]  # scale, shift x, shift y, of a canvas of side 1
    blur_px: float
    smear_px: Float[np.ndarray, "2"]
    gain: float
    occluder: Float[np.ndarray, "6"]


def landmarks_px(
    turned: Float[np.ndarray, "*face point 2"], framing: Float[np.ndarray, "*face 3"], size_px: int
) -> Float[np.ndarray, "*face point 2"]:
    """Landmarks on a canvas in pixels, centres of pixels at integers."""
    return (turned * framing[..., None, :1] + framing[..., None, 1:]) * size_px - 0.5


def paint(
    identity: Identity, scene: Scene, view: View, size_px: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """The picture of one face; a pure function of its arguments and the state of `rng` (sensor noise only)."""
    side = size_px * brush.SUPERSAMPLING
    unit_px = view.framing[0] * side
    matrices = {1.0: shape.rotation_of_one(view.pose_degrees)}

    def project(points: np.ndarray, follow: float = 1.0) -> np.ndarray:
        if follow not in matrices:
            matrices[follow] = shape.rotation_of_one(view.pose_degrees, follow)
        return landmarks_px(shape.turn(points, matrices[follow]), view.framing, side)

    points = shape.deform(identity.rest[None], view.shown[None])
    flat = project(shape.slide_contour(points, view.pose_degrees[None])[0])
    outlines = head.fixed_outlines(identity)
    canvas = paint_background(scene, side)
    head.paint_behind(canvas, project, outlines, identity, unit_px)
    head.paint_ears(canvas, project, outlines, identity, unit_px)
    hair, skin = _head_masks(canvas, flat, project, outlines, identity)
    relief = surface.depth(np.array([identity.cheekbones, identity.nose_size, identity.age]), view.shown)
    grid = _grid(points[0], relief, view, matrices[1.0], side)
    colours = cv2.remap(head.albedo(identity), grid[0], grid[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cv2.copyTo(colours, skin, canvas)
    features.paint_nose(canvas, flat, identity, unit_px)
    features.paint_mouth(canvas, flat, identity, view.shown, unit_px)
    features.paint_eyes(canvas, flat, identity, view.gaze, unit_px)
    features.paint_brows(canvas, flat, identity, unit_px)
    head.paint_front_hair(canvas, hair, project, identity, unit_px)
    _light(canvas, hair, skin, relief, grid, scene, matrices[1.0], identity, flat, unit_px)
    if identity.glasses:
        head.paint_glasses(canvas, flat, identity, unit_px)
    paint_occluder(canvas, view.occluder, identity.skin * 0.9, unit_px)
    exposure = float(np.clip((165 / identity.skin.mean()) ** 0.5, 0.92, 1.5))  # cameras expose for the face
    return photograph(canvas, scene, size_px, view.blur_px, view.smear_px, view.gain * exposure, rng)


def _head_masks(canvas, flat, project, outlines, identity) -> tuple[np.ndarray, np.ndarray]:
    """Paints the skull in the colour of the hair; returns where hair is and where skin is."""
    face = np.concatenate([smooth(flat[:17]), project(outlines["hairline"])]).astype(np.float32)
    face = cv2.convexHull(face)[:, 0].astype(float)
    skull = cv2.convexHull(project(outlines["skull"]).astype(np.float32))[:, 0].astype(float)
    hair, skin = np.zeros(canvas.shape[:2], np.uint8), np.zeros(canvas.shape[:2], np.uint8)
    brush.fill(skin, face, 255)
    if identity.hair_style == "bald":
        brush.fill(skin, smooth(skull[::3], closed=True), 255)
    else:
        brush.fill(canvas, smooth(skull, closed=True), features.colour(identity.hair))
        brush.fill(hair, smooth(skull, closed=True), 255)
        hair = cv2.subtract(hair, skin)
    return hair, skin


def _grid(points, relief, view, matrix, side) -> np.ndarray:
    """Place on the reference grid of every pixel; solved on every fourth, for the relief is smooth."""
    coarse = max(side // 4, 16)
    centers = (np.arange(coarse) + 0.5) / coarse
    across = (centers - view.framing[1]) / view.framing[0] - shape.PIVOT[0]
    down = (centers - view.framing[2]) / view.framing[0] - shape.PIVOT[1]
    seen = np.stack(np.broadcast_arrays(across[None, :], down[:, None]), axis=-1)
    flat = seen + matrix[:2] @ shape.PIVOT
    places = surface.lookup(points, relief, flat, matrix)
    return np.stack([cv2.resize(place, (side, side), interpolation=cv2.INTER_LINEAR) for place in places])


def _light(canvas, hair, skin, relief, grid, scene, matrix, identity, flat, unit_px) -> None:
    """Multiplies head and hair by the light that falls on them, in place."""
    toward = matrix.T @ scene.light
    shade = surface.shading(relief, toward, scene.softness, scene.gloss)
    encoded = np.clip(shade * 128, 0, 255).astype(np.uint8)
    seen = cv2.remap(encoded, grid[0], grid[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    plain = np.full_like(seen, int(128 * (scene.softness + (1 - scene.softness) * 0.8)))
    where = cv2.max(hair, skin)
    if hair.any():
        texture = head.hair_texture(identity)
        scale = 2.6 * unit_px / 64
        place = np.array([[scale, 0, flat[27, 0] - 32 * scale], [0, scale, flat[27, 1] - 36 * scale]])
        strands = cv2.warpAffine(
            (texture * 128).astype(np.uint8), place, seen.shape[::-1], borderMode=cv2.BORDER_REFLECT
        )
        cv2.copyTo(cv2.multiply(seen, strands, scale=1 / 128), hair, seen)
    cv2.copyTo(seen, where, plain)
    canvas[:] = cv2.multiply(canvas, cv2.cvtColor(plain, cv2.COLOR_GRAY2RGB), scale=1 / 128)
