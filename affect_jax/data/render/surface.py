"""The skin surface: depth over a reference face, wrinkles from action units, and shading.

Reference coordinates (u, v) are head coordinates of the average face. Before a lookup, the width and the heights of
brows, eyes, nose, mouth and chin of a face are mapped to those of the average face, so that the relief follows them.
"""

import cv2
import numpy as np
from jaxtyping import Float

from affect_jax.data.render.affect import ACTION_UNITS
from affect_jax.data.render.shape import AVERAGE_FACE

CELL = 1 / 32  # of the reference grid, head units per cell
LEFT, TOP, COLUMNS, ROWS = -1.25, -1.75, 80, 116
DEPTH_OF_FACE = 0.62  # offset between the relief and the plane of the eyes
_U = (LEFT + CELL * np.arange(COLUMNS, dtype=np.float32))[None, :]
_V = (TOP + CELL * np.arange(ROWS, dtype=np.float32))[:, None]
_KNOT_POINTS = ((19, 24), (36, 39, 42, 45), (33,), (62,), (66,), (57,), (8,))


def _bump(u: float | int, v: float, wide: float, high: float, turn_degrees: float | int = 0) -> np.ndarray:
    cosine, sine = np.cos(np.deg2rad(turn_degrees)), np.sin(np.deg2rad(turn_degrees))
    across, down = (_U - u) * cosine + (_V - v) * sine, (_V - v) * cosine - (_U - u) * sine
    return np.exp(-0.5 * ((across / wide) ** 2 + (down / high) ** 2))


def _pair(u: float, v: float, wide: float, high: float, turn_degrees: float | int = 0) -> np.ndarray:
    return _bump(u, v, wide, high, turn_degrees) + _bump(-u, v, wide, high, -turn_degrees)


def _crease(points: list[tuple[float, float]], width: float, mirrored: bool = True) -> np.ndarray:
    """A furrow of depth 1 along a polyline."""
    canvas = np.zeros((ROWS * 4, COLUMNS * 4), np.uint8)
    for sign in (1, -1) if mirrored else (1,):
        cells = np.array([((sign * u - LEFT) / CELL * 4, (v - TOP) / CELL * 4) for u, v in points])
        cv2.polylines(
            canvas, [np.round(cells).astype(np.int32)], False, 255, max(1, round(width / CELL * 4)), cv2.LINE_AA
        )
    soft = cv2.GaussianBlur(canvas.astype(np.float32), (0, 0), max(width / CELL * 2.6, 2.0))
    return -cv2.resize(soft, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) / max(soft.max(), 1)


_FOREHEAD = sum(_crease([(0.0, h + 0.03), (0.35, h), (0.62, h + 0.07)], 0.035) for h in (-0.92, -0.75, -0.58))
_FOREHEAD_MIDDLE = sum(_crease([(0.0, h), (0.30, h + 0.05)], 0.035) for h in (-0.88, -0.72, -0.56))
_FROWN = _crease([(0.085, -0.52), (0.075, -0.36), (0.10, -0.22)], 0.04) + 0.8 * _bump(0, -0.36, 0.05, 0.12)
_NOSE_WRINKLES = sum(_crease([(0.02, h), (0.17, h - 0.07)], 0.03) for h in (-0.08, 0.04, 0.15))
_NASOLABIAL = _crease([(0.27, 0.56), (0.40, 0.72), (0.50, 0.92), (0.50, 1.06)], 0.045)
_NASOLABIAL_HIGH = _crease([(0.22, 0.50), (0.36, 0.62), (0.45, 0.82)], 0.045)
_UNDER_EYE = _crease([(0.24, 0.11), (0.42, 0.20), (0.62, 0.15)], 0.035)
_CROWS_FEET = sum(_crease([(0.74, a), (0.90, b)], 0.025) for a, b in ((-0.06, -0.14), (0.0, 0.0), (0.06, 0.12)))
_DIMPLE = _crease([(0.50, 0.93), (0.53, 1.02), (0.50, 1.12)], 0.05)
_MARIONETTE = _crease([(0.42, 1.08), (0.47, 1.22), (0.46, 1.32)], 0.04)
_CHIN_PIT = _crease([(-0.2, 1.30), (0.0, 1.27), (0.2, 1.30)], 0.05, mirrored=False)

# Relief common to all faces.
_BASE = (
    0.95 * np.sqrt(np.clip(1 - (np.abs(_U) / 1.16) ** 2.4 - (np.abs(_V + 0.05) / 2.0) ** 2.6, 0.02, 1))
    + 0.16 * _bump(0, 0.12, 0.085, 0.30) + 0.19 * _bump(0, 0.50, 0.12, 0.13) + 0.10 * _pair(0.17, 0.58, 0.07, 0.08)
    - 0.08 * _bump(0, 0.74, 0.2, 0.05) - 0.14 * _pair(0.42, -0.05, 0.17, 0.11) + 0.07 * _pair(0.45, -0.3, 0.28, 0.08, 6)
    + 0.07 * _pair(0.60, 0.42, 0.22, 0.18) - 0.04 * _pair(0.55, 0.85, 0.16, 0.22) + 0.07 * _bump(0, 0.98, 0.30, 0.16)
    - 0.06 * _bump(0, 1.25, 0.26, 0.06) + 0.11 * _bump(0, 1.48, 0.22, 0.14) - 0.03 * _bump(0, 0.80, 0.03, 0.07)
    + 0.035 * _pair(0.43, -0.06, 0.16, 0.05)
)  # fmt: skip

# Relief of each action unit at full intensity.
_RELIEF = {
    1: 0.030 * _FOREHEAD_MIDDLE,
    2: 0.024 * _FOREHEAD,
    4: 0.060 * _FROWN + 0.05 * _pair(0.20, -0.28, 0.13, 0.08),
    6: 0.10 * _pair(0.58, 0.30, 0.22, 0.13) + 0.030 * _CROWS_FEET + 0.035 * _UNDER_EYE,
    7: 0.022 * _UNDER_EYE + 0.02 * _pair(0.43, 0.11, 0.16, 0.04),
    9: 0.050 * _NOSE_WRINKLES + 0.06 * _NASOLABIAL_HIGH + 0.06 * _pair(0.40, 0.35, 0.16, 0.12) + 0.025 * _FROWN,
    12: 0.070 * _NASOLABIAL + 0.09 * _pair(0.62, 0.48, 0.20, 0.16),
    14: 0.090 * _DIMPLE,
    15: 0.060 * _MARIONETTE + 0.03 * _NASOLABIAL,
    17: 0.055 * _CHIN_PIT + 0.07 * _bump(0, 1.45, 0.20, 0.12),
    18: 0.05 * _bump(0, 1.0, 0.20, 0.16),
    20: 0.050 * _MARIONETTE + 0.03 * _NASOLABIAL,
    23: 0.03 * _bump(0, 0.88, 0.3, 0.05) + 0.03 * _bump(0, 1.17, 0.3, 0.05),
    26: -0.05 * _pair(0.62, 0.95, 0.14, 0.25),
}
_TRAITS = np.stack(
    [
        0.07 * _pair(0.66, 0.34, 0.20, 0.13),  # cheekbones
        0.05 * _bump(0, 0.50, 0.15, 0.13) + 0.03 * _bump(0, 0.12, 0.10, 0.25),  # size of the nose
        0.018 * _FOREHEAD + 0.04 * _NASOLABIAL + 0.03 * _UNDER_EYE + 0.025 * _MARIONETTE + 0.015 * _CROWS_FEET,  # age
    ]
).astype(np.float32)
_UNITS = np.stack([_RELIEF.get(unit, np.zeros_like(_BASE)) for unit in ACTION_UNITS]).astype(np.float32)
_RIGHT = np.clip(0.5 + _U / 0.3, 0, 1).astype(np.float32)
_BASIS = np.concatenate([_BASE[None], _TRAITS, _UNITS * (1 - _RIGHT), _UNITS * _RIGHT]).astype(np.float32)
_BASIS = np.ascontiguousarray(_BASIS.reshape(len(_BASIS), -1))
_LID_SHADE = _pair(0.43, -0.14, 0.20, 0.07) * 0.4 + _bump(0, 0.70, 0.16, 0.05) * 0.6 + _bump(0, 1.22, 0.22, 0.05) * 0.4
_OCCLUSION = (1 - 0.30 * np.clip(_LID_SHADE, 0, 1)).astype(np.float32)


def depth(traits: Float[np.ndarray, "3"], shown: Float[np.ndarray, "unit 2"]) -> Float[np.ndarray, "rows columns"]:
    """Depth over the reference grid, in head units; `traits` are cheekbones, nose and age."""
    strength = np.maximum(shown, 0)
    weights = np.concatenate([[1.0], traits, strength[:, 0], strength[:, 1]]).astype(np.float32)
    return (weights @ _BASIS).reshape(ROWS, COLUMNS)


def shading(
    relief: Float[np.ndarray, "rows columns"], light: Float[np.ndarray, "3"], softness: float, gloss: float
) -> Float[np.ndarray, "rows columns"]:
    """Brightness of skin lit from `light` (unit vector toward the light, head coordinates); about 1 on average.

    Wrapped Lambert shading: softness 1 is ambient light, 0 gives a dark shadow side.
    """
    slope_u = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=0.125 / CELL)
    slope_v = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=0.125 / CELL)
    length = 1 / np.sqrt(slope_u * slope_u + slope_v * slope_v + 1)
    toward = np.float32(light[0]) * slope_u + np.float32(light[1]) * slope_v
    cosine = (np.float32(light[2]) - toward) * length
    wrapped = np.maximum(cosine * 0.72 + 0.28, 0)
    shade = np.float32(softness) + np.float32(1.10 * (1 - softness)) * wrapped
    halfway = np.array([light[0], light[1], light[2] + 1])
    halfway /= np.linalg.norm(halfway)
    shine = (np.float32(halfway[2]) - np.float32(halfway[0]) * slope_u - np.float32(halfway[1]) * slope_v) * length
    return (shade + np.float32(gloss) * np.maximum(shine, 0) ** 16) * _OCCLUSION


def _knots(points: np.ndarray) -> np.ndarray:
    heights = np.array([points[list(group), 1].mean() for group in _KNOT_POINTS])
    heights = np.concatenate([[heights[0] - 1.4], heights, [heights[-1] + 1.0]])
    return np.maximum.accumulate(heights + np.arange(len(heights)) * 1e-4)


_REFERENCE_KNOTS = _knots(AVERAGE_FACE)


def lookup(
    points: Float[np.ndarray, "68 3"],
    relief: Float[np.ndarray, "rows columns"],
    seen: Float[np.ndarray, "height width 2"],
    matrix: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "2 height width"]:
    """Grid (column, row) of the skin visible at projected positions (head units, relative to the rotated pivot).

    Inverts p = R (x, y, depth(x, y)) by fixed-point iteration, which converges because the relief is shallow.
    """
    knots = _knots(points)
    half_width = (points[14, 0] - points[2, 0]) / (AVERAGE_FACE[14, 0] - AVERAGE_FACE[2, 0])
    inverse = np.linalg.inv(matrix[:2, :2])
    flat = (seen @ inverse.T).astype(np.float32)
    lean = (inverse @ matrix[:2, 2]).astype(np.float32)
    height = np.full(seen.shape[:2], 0.5, np.float32)
    for step in range(4):
        column = ((flat[..., 0] - lean[0] * height) / np.float32(half_width) - LEFT) / CELL
        v = np.interp(flat[..., 1] - lean[1] * height, knots, _REFERENCE_KNOTS)
        row = ((v - TOP) / CELL).astype(np.float32)
        if step < 3:
            height = cv2.remap(relief, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) - DEPTH_OF_FACE
    return np.stack([column, row])
