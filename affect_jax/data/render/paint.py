"""Renders one face from its parameters."""

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import brush, camera, features, head, shape, surface
from affect_jax.data.render.identity import Identity
from affect_jax.data.render.outline import smooth
from affect_jax.data.render.scene import Scene, paint_background, paint_occluder, photograph


@dataclasses.dataclass(frozen=True)
class View:
    """Parameters of one frame. Angles in degrees, blur in pixels of a 64-px image."""

    shown: Float[np.ndarray, "unit 2"]
    pose_degrees: Float[np.ndarray, "3"]
    gaze: Float[np.ndarray, "2"]  # offset of the iris, as a share of half the eye width
    framing: Float[np.ndarray, "3"]  # scale, shift x, shift y, for a canvas of side 1
    blur_px: float
    smear_px: Float[np.ndarray, "2"]
    gain: float
    occluder: Float[np.ndarray, "6"]


def paint(
    identity: Identity, scene: Scene, view: View, size_px: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "size_px size_px 3"]:
    """Renders a face; a pure function of its arguments, with `rng` used only for sensor noise."""
    side = size_px * brush.SUPERSAMPLING
    unit_px = view.framing[0] * side
    matrices = {1.0: camera.rotation_of_one(view.pose_degrees)}

    def project(points: np.ndarray, follow: float = 1.0) -> np.ndarray:
        if follow not in matrices:
            matrices[follow] = camera.rotation_of_one(view.pose_degrees, follow)
        return camera.landmarks_px(camera.turn(points, matrices[follow]), view.framing, side)

    points = shape.deform(identity.rest[None], view.shown[None])
    flat = project(camera.slide_contour(points, view.pose_degrees[None])[0])
    outlines = head.fixed_outlines(identity)
    canvas = paint_background(scene, side)
    head.paint_behind(canvas, project, outlines, identity, unit_px)
    head.paint_ears(canvas, project, outlines, identity, unit_px)
    hair, skin, box = _head_masks(canvas, flat, project, outlines, identity)
    relief = surface.depth(np.array([identity.cheekbones, identity.nose_size, identity.age]), view.shown)
    shade = surface.shading(relief, matrices[1.0].T @ scene.light, scene.softness, scene.gloss)
    seen = _sample_skin(identity, shade, _grid(points[0], relief, view, matrices[1.0], side, box))
    canvas[box] = cv2.copyTo(seen[..., :3], skin[box], canvas[box])
    features.paint_nose(canvas, flat, identity, unit_px)
    features.paint_mouth(canvas, flat, identity, view.shown, unit_px)
    features.paint_eyes(canvas, flat, identity, view.gaze, unit_px)
    features.paint_brows(canvas, flat, identity, unit_px)
    head.paint_front_hair(canvas, hair, project, identity, unit_px)
    _light(canvas, hair, skin, box, np.ascontiguousarray(seen[..., 3]), scene, identity, flat[27], unit_px)
    if identity.glasses:
        head.paint_glasses(canvas, flat, identity, unit_px)
    paint_occluder(canvas, view.occluder, identity.skin * 0.9, unit_px)
    exposure = float(np.clip((160 / identity.skin.mean()) ** 0.45, 0.92, 1.4))  # automatic exposure for the face
    return photograph(canvas, scene, size_px, view.blur_px, view.smear_px, view.gain * exposure, rng)


def _head_masks(canvas, flat, project, outlines, identity) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]]:
    """Paints the skull in the hair color; returns the masks of hair and skin, and the box around both."""
    face = np.concatenate([smooth(flat[:17]), project(outlines["hairline"])]).astype(np.float32)
    face = cv2.convexHull(face)[:, 0].astype(float)
    skull = cv2.convexHull(project(outlines["skull"]).astype(np.float32))[:, 0].astype(float)
    hair, skin = np.zeros(canvas.shape[:2], np.uint8), np.zeros(canvas.shape[:2], np.uint8)
    brush.fill(skin, face, 255)
    if identity.hair_style == "bald":
        brush.fill(skin, skull, 255)
    else:
        brush.fill(canvas, skull, features.color(identity.hair))
        brush.fill(hair, skull, 255)
        hair = cv2.subtract(hair, skin)
    rows, columns = brush.box_around(np.concatenate([face, skull]), 0.06 * len(canvas), len(canvas))
    if identity.hair_style in ("bob", "long"):  # reaches the shoulders
        rows = slice(rows.start, len(canvas))
    return hair, skin, (rows, columns)


def _grid(points, relief, view, matrix, side, box) -> np.ndarray:
    """Reference-grid position of every pixel in a box, solved at every fourth pixel and interpolated."""
    axes = []
    for pixels, shift, pivot in zip(box[::-1], view.framing[1:], camera.PIVOT, strict=False):
        count = pixels.stop - pixels.start
        places = pixels.start + (np.arange(max(count // 4, 2)) + 0.5) * (count / max(count // 4, 2))
        axes.append((places / side - shift) / view.framing[0] - pivot)
    seen = np.stack(np.broadcast_arrays(axes[0][None, :], axes[1][:, None]), axis=-1)
    places = surface.lookup(points, relief, seen + matrix[:2] @ camera.PIVOT, matrix)
    size = (box[1].stop - box[1].start, box[0].stop - box[0].start)
    return np.stack([cv2.resize(place, size, interpolation=cv2.INTER_LINEAR) for place in places])


def _sample_skin(identity, shade, grid) -> np.ndarray:
    """Skin color and, as fourth channel, the lighting (128 = neutral)."""
    skin = head.albedo(identity)
    skin = np.concatenate([skin, np.clip(shade * 128, 0, 255).astype(np.uint8)[..., None]], axis=2)
    return cv2.remap(skin, grid[0], grid[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _light(canvas, hair, skin, box, shade, scene, identity, brow, unit_px) -> None:
    """Applies lighting in place: shading on skin and hair inside the box, uniform light elsewhere."""
    plain = np.full(canvas.shape[:2], int(128 * (scene.softness + (1 - scene.softness) * 0.8)), np.uint8)
    hair, skin, part = hair[box], skin[box], plain[box]
    if identity.hair_style != "bald":
        scale = 2.6 * unit_px / 64
        corner = brow - (32 * scale + box[1].start, 36 * scale + box[0].start)
        place = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        strands = cv2.warpAffine(head.hair_texture(identity), place, shade.shape[::-1], borderMode=cv2.BORDER_REFLECT)
        shade = cv2.copyTo(cv2.multiply(shade, strands, scale=1 / 128), hair, shade)
    plain[box] = cv2.copyTo(shade, cv2.max(hair, skin), part)
    canvas[:] = cv2.multiply(canvas, cv2.cvtColor(plain, cv2.COLOR_GRAY2RGB), scale=1 / 128)
