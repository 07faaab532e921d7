"""Eyes, brows, nose and mouth, painted in flat colors; lighting is applied later."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.render import brush
from affect_jax.data.render.affect import UNIT
from affect_jax.data.render.identity import Identity
from affect_jax.data.render.outline import ribbon, smooth

_NOSTRIL = np.array([(-0.055, 0.0), (0.0, 0.028), (0.06, 0.012), (0.05, -0.018), (-0.01, -0.022)])
_WING = np.array([(-0.01, -0.01), (0.045, 0.05), (0.04, 0.13), (-0.02, 0.19)])
Canvas = UInt8[np.ndarray, "side side 3"]
Points = Float[np.ndarray, "68 2"]


def color(rgb, factor: float = 1.0) -> tuple[int, int, int]:
    """Converts RGB for OpenCV, scaled and clipped."""
    return tuple(int(min(max(channel * factor, 0), 255)) for channel in rgb)


def mix(first, second, share: float) -> np.ndarray:
    """Mixes the first color with `share` of the second."""
    return np.asarray(first, float) * (1 - share) + np.asarray(second, float) * share


def paint_eyes(
    canvas: Canvas, points: Points, identity: Identity, gaze: Float[np.ndarray, "2"], unit_px: float
) -> None:
    """Paints the eyeballs, then lash lines and lid folds. `unit_px` is one head unit in pixels."""
    for first in (36, 42):
        eye = points[first : first + 6]
        upper, lower = smooth(eye[:4]), smooth(eye[[3, 4, 5, 0]])
        outline = np.concatenate([upper, lower[1:-1]])
        _eyeball(canvas, outline, upper, eye, identity, gaze, unit_px)
        opening = np.linalg.norm(eye[[1, 2]].mean(0) - eye[[4, 5]].mean(0)) / unit_px
        lash = color(mix(identity.skin * 0.30, (16, 12, 12), 0.6 + 0.4 * identity.make_up))
        brush.stroke(canvas, upper, lash, unit_px * (0.030 + 0.015 * identity.make_up))
        rim = color(identity.skin * (0.74, 0.62, 0.60))
        brush.stroke(canvas, lower, rim, unit_px * 0.018)
        brow = points[17:22] if first == 36 else points[22:27]
        toward = (brow[1:4].mean(0) - upper.mean(0)) * (0.20 + 0.08 * min(opening, 0.2) / 0.2)
        if opening > 0.05:
            brush.stroke(canvas, smooth(eye[:4])[2:-2] + toward, color(identity.skin, 0.66), unit_px * 0.018)


def _eyeball(canvas, outline, upper, eye, identity, gaze, unit_px) -> None:
    box = brush.box_around(outline, 2.0, len(canvas))
    if box is None:
        return
    part, corner = canvas[box], np.array([box[1].start, box[0].start])
    ball = np.empty_like(part)
    ball[:] = color(mix((246, 244, 242), identity.skin, 0.08))
    middle = (eye[0] + eye[3]) / 2 - corner
    across = (eye[3] - eye[0]) / 2
    along = np.array([-across[1], across[0]])
    up = along / max(np.linalg.norm(along), 1e-6) * unit_px
    iris = middle + across * gaze[0] - up * (0.02 - 0.10 * gaze[1])
    brush.dot(ball, iris, 0.122 * unit_px, color(identity.iris, 0.55))
    brush.dot(ball, iris, 0.098 * unit_px, color(identity.iris))
    brush.dot(ball, iris, 0.052 * unit_px, (12, 10, 10))
    shade = np.concatenate([upper - corner, (upper - corner)[::-1] + up * 0.03])
    shadow = ball.copy()
    brush.fill(shadow, shade, (88, 76, 72))
    cv2.addWeighted(ball, 0.6, shadow, 0.4, 0, dst=ball)
    brush.dot(ball, iris + (0.035 * unit_px, -0.040 * unit_px), 0.024 * unit_px, (250, 250, 250))
    mask = np.zeros(part.shape[:2], np.uint8)
    brush.fill(mask, outline - corner, 255)
    brush.blend(part, ball, mask)


def paint_brows(canvas: Canvas, points: Points, identity: Identity, unit_px: float) -> None:
    """Paints tapered ribbons along the brow points."""
    hair = mix(identity.hair * 0.8, identity.skin * 0.35, 0.25)
    profile = np.array([0.65, 1.0, 0.95, 0.75, 0.25]) * identity.brow_thickness * unit_px
    down = np.array([0, 0.4 * identity.brow_thickness * unit_px])
    spines = (points[21:16:-1] + down, points[22:27] + down)
    ribbons = [ribbon(spine, profile * share) for share in (1.0, 0.5) for spine in spines]
    pale, dark = identity.brow_darkness, 0.5 + 0.5 * identity.brow_darkness
    brush.tint(canvas, ribbons, color(hair, 0.9), [pale, pale, dark, dark], 0.014 * unit_px)


def paint_nose(canvas: Canvas, points: Points, identity: Identity, unit_px: float) -> None:
    """Paints nostrils and the edges of the wings; the relief shades the rest."""
    dark = color(identity.skin * (0.42, 0.30, 0.28))
    up = (points[27] - points[33]) / max(np.linalg.norm(points[27] - points[33]), 1e-6) * unit_px
    side = np.array([-up[1], up[0]])
    size = 1 + 0.12 * identity.nose_size
    base = smooth(points[31:36])
    outlines, opacities = [np.concatenate([base, (base - up * 0.06)[::-1]])], [0.22]
    for inner, wing, sign in ((32, 31, -1), (34, 35, 1)):
        outer = side * sign * size
        edge = points[wing] + _WING[:, :1] * outer + _WING[:, 1:] * up
        fold = smooth(edge)
        hole = points[inner] * 0.55 + points[wing] * 0.45 + up * 0.035 + _NOSTRIL[:, :1] * outer + _NOSTRIL[:, 1:] * up
        outlines += [np.concatenate([fold, (fold + side * 0.035 * sign)[::-1]]), smooth(hole, closed=True)]
        opacities += [0.36, 0.90]
    brush.tint(canvas, outlines, dark, opacities, 0.014 * unit_px)


def paint_mouth(
    canvas: Canvas, points: Points, identity: Identity, shown: Float[np.ndarray, "unit 2"], unit_px: float
) -> None:
    """Paints the lips and the inside of the mouth, with visible teeth."""
    outer_upper, outer_lower = smooth(points[48:55]), smooth(points[[54, 55, 56, 57, 58, 59, 48]])
    inner_upper, inner_lower = smooth(points[60:65]), smooth(points[[64, 65, 66, 67, 60]])
    lips = [np.concatenate([outer_lower, inner_lower[::-1]]), np.concatenate([outer_upper, inner_upper[::-1]])]
    gleam = ribbon((points[[56, 57, 58]] + points[[65, 66, 67]]) / 2, np.array([0.01, 0.022, 0.01]) * unit_px)
    _lips(canvas, lips, gleam, identity, unit_px)
    opening = (inner_lower[::-1] - inner_upper)[:, 1].max() / unit_px
    if opening > 0.02:
        _mouth_inside(canvas, points, inner_upper, inner_lower, shown, unit_px)
    seam = color(identity.lips * (0.42, 0.34, 0.36))
    brush.stroke(canvas, inner_upper, seam, unit_px * (0.024 if opening < 0.05 else 0.014))


def _lips(canvas, lips, gleam, identity, unit_px) -> None:
    soft = 0.014 * unit_px
    box = brush.box_around(np.concatenate(lips), 2.5 * soft, len(canvas))
    if box is None:
        return
    part, corner = canvas[box], np.array([box[1].start, box[0].start])
    painted, mask = np.empty_like(part), np.zeros(part.shape[:2], np.uint8)
    painted[:] = color(identity.lips, 1.04)
    brush.fill(painted, gleam - corner, color(mix(identity.lips, (255, 240, 236), 0.22)))
    brush.fill(painted, lips[1] - corner, color(identity.lips, 0.84))
    for lip in lips:
        brush.fill(mask, lip - corner, int(255 * (0.80 + 0.15 * identity.make_up)))
    brush.blend(part, cv2.GaussianBlur(painted, (0, 0), max(soft, 0.4)), cv2.GaussianBlur(mask, (0, 0), max(soft, 0.4)))


def _mouth_inside(canvas, points, inner_upper, inner_lower, shown, unit_px) -> None:
    outline = np.concatenate([inner_upper, inner_lower[1:-1]])
    box = brush.box_around(outline, 2.0, len(canvas))
    if box is None:
        return
    part, corner = canvas[box], np.array([box[1].start, box[0].start])
    inside = np.empty_like(part)
    inside[:] = (62, 22, 24)
    down = points[57] - points[51]
    down = down / max(np.linalg.norm(down), 1e-6) * unit_px
    upper, lower = inner_upper - corner, inner_lower[::-1] - corner
    gap = np.linalg.norm(points[66] - points[62]) / unit_px
    brush.fill(inside, np.concatenate([lower, (lower - down * 0.30 * gap)[::-1]]), (138, 60, 62))
    smile, lips_down = shown[UNIT[12]].mean(), shown[UNIT[16]].mean() + shown[UNIT[20]].mean()
    bared = np.clip(0.045 + 0.09 * smile + 0.05 * shown[UNIT[9]].mean() + 0.03 * shown[UNIT[25]].mean(), 0.03, 0.16)
    teeth = np.concatenate([upper, (upper * 0.97 + upper.mean(0) * 0.03 + down * bared)[::-1]])
    brush.fill(inside, teeth, (232, 226, 214))
    if lips_down > 0.25 and gap > 0.06:
        row = min(0.05 + 0.05 * lips_down, 0.40 * gap)
        brush.fill(inside, np.concatenate([lower, (lower - down * row)[::-1]]), (216, 208, 196))
    brush.stroke(inside, upper, (110, 72, 68), 0.03 * unit_px)
    mask = np.zeros(part.shape[:2], np.uint8)
    brush.fill(mask, outline - corner, 255)
    brush.blend(part, inside, mask)
