"""Face geometry: 68 points in 3D, moved by action units.

Head coordinates: x to the right of the image, y down, z toward the viewer; 1 is half the width of an average face
(70 mm), and the eyes are at y = 0. "Right" and "left" refer to the image.
"""

import numpy as np
from jaxtyping import Float

from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.ops.geometry import MIRRORED_LANDMARKS

# Midline and right half of the average face at rest.
_AVERAGE: dict[int, tuple[float, float, float]] = {
    **{8: (0, 1.70, 0.22), 9: (0.25, 1.65, 0.17), 10: (0.48, 1.51, 0.05), 11: (0.68, 1.30, -0.12)},
    **{12: (0.83, 1.02, -0.30), 13: (0.92, 0.70, -0.45), 14: (0.97, 0.38, -0.55), 15: (1.0, 0.08, -0.60)},
    **{16: (1.0, -0.20, -0.62)},
    **{22: (0.17, -0.325, 0.30), 23: (0.33, -0.375, 0.29), 24: (0.50, -0.39, 0.24), 25: (0.65, -0.355, 0.14)},
    **{26: (0.79, -0.25, -0.02), 27: (0, -0.06, 0.30), 28: (0, 0.15, 0.40), 29: (0, 0.36, 0.52), 30: (0, 0.55, 0.62)},
    **{33: (0, 0.68, 0.45), 34: (0.11, 0.67, 0.40), 35: (0.235, 0.62, 0.30)},
    **{42: (0.225, 0.02, 0.12), 43: (0.36, -0.115, 0.18), 44: (0.54, -0.12, 0.14), 45: (0.685, -0.02, 0.02)},
    **{46: (0.55, 0.07, 0.10), 47: (0.37, 0.08, 0.15)},
    **{51: (0, 0.895, 0.44), 52: (0.09, 0.875, 0.43), 53: (0.22, 0.925, 0.36), 54: (0.385, 0.992, 0.24)},
    **{55: (0.235, 1.095, 0.34), 56: (0.115, 1.135, 0.40), 57: (0, 1.145, 0.42)},
    **{62: (0, 1.0, 0.44), 63: (0.13, 1.003, 0.42), 64: (0.345, 0.994, 0.26), 65: (0.13, 1.007, 0.42)},
    **{66: (0, 1.005, 0.44)},
}

# Displacement (x, y, z) of the points by each action unit at full intensity, midline and right half. Lids: see below.
_MOVES: dict[int, dict[int, tuple[float, ...]]] = {
    1: {22: (-0.01, -0.23), 23: (0, -0.18), 24: (0, -0.07), 25: (0, 0.02), 26: (0, 0.03), 27: (0, -0.02)},
    2: {22: (0, -0.03), 23: (0, -0.08), 24: (0, -0.14), 25: (0.01, -0.19), 26: (0.01, -0.15)},
    4: {22: (-0.075, 0.13), 23: (-0.06, 0.12), 24: (-0.04, 0.09), 25: (-0.02, 0.04), 27: (0, 0.02)},
    5: {24: (0, -0.01)},
    6: {25: (0, 0.03), 26: (0, 0.05), 45: (-0.015, 0.01)},
    7: {42: (0, -0.005)},
    9: {
        **{22: (-0.02, 0.09), 23: (-0.01, 0.07), 24: (0, 0.04), 27: (0, 0.02), 30: (0, -0.05, 0.02)},
        **{33: (0, -0.06), 34: (0.01, -0.08), 35: (0.03, -0.11), 51: (0, -0.08), 52: (0.01, -0.11)},
        **{53: (0.02, -0.10), 54: (0.01, -0.02), 62: (0, -0.07), 63: (0.01, -0.08), 64: (0, -0.02)},
    },
    12: {
        **{51: (0, 0.015), 52: (0.05, -0.005), 53: (0.12, -0.09), 54: (0.20, -0.19), 55: (0.13, -0.08)},
        **{56: (0.05, -0.01), 57: (0, 0.01), 62: (0, 0.02), 63: (0.06, -0.02), 64: (0.19, -0.18), 65: (0.06, -0.01)},
        **{66: (0, 0.02), 35: (0.035, -0.03), 34: (0.01, 0), 12: (0.03, -0.01), 13: (0.02, -0.01)},
    },
    14: {53: (0.05, 0.01), 54: (0.10, 0.0), 55: (0.05, -0.01), 64: (0.10, 0.0), 63: (0.02, 0), 65: (0.02, 0)},
    15: {
        **{52: (0, 0.01), 53: (0.02, 0.07), 54: (0.03, 0.18), 55: (0.04, 0.10), 56: (0.01, 0.01)},
        **{63: (0, 0.05), 64: (0.03, 0.175), 65: (0, 0.05), 57: (0, -0.02)},
    },
    16: {55: (0.03, 0.09), 56: (0.02, 0.15), 57: (0, 0.15), 64: (0.02, 0.03), 65: (0.03, 0.12), 66: (0, 0.14)},
    17: {
        **{8: (0, -0.09, 0.03), 9: (0, -0.08, 0.02), 10: (0, -0.04), 51: (0, -0.055), 52: (0, -0.055)},
        **{53: (0, -0.03), 54: (-0.02, 0.04), 55: (0, -0.02), 56: (0, -0.10, 0.03), 57: (0, -0.11, 0.03)},
        **{62: (0, -0.085), 63: (0, -0.07), 64: (-0.02, 0.04), 65: (0, -0.07), 66: (0, -0.085)},
    },
    18: {
        **{51: (0, -0.03, 0.1), 52: (-0.035, -0.03, 0.1), 53: (-0.085, -0.03, 0.1), 54: (-0.155, 0, 0.1)},
        **{55: (-0.085, 0.03, 0.1), 56: (-0.04, 0.05, 0.1), 57: (0, 0.05, 0.1), 62: (0, -0.02, 0.1)},
        **{63: (-0.06, -0.02, 0.1), 64: (-0.165, 0, 0.1), 65: (-0.06, 0.03, 0.1), 66: (0, 0.03, 0.1)},
    },
    20: {
        **{52: (0.03, 0.02), 53: (0.12, 0.03), 54: (0.22, 0.05), 55: (0.14, 0.02), 56: (0.05, 0), 57: (0, 0)},
        **{51: (0, 0.02), 63: (0.08, 0.0), 64: (0.22, 0.05), 65: (0.09, 0.04), 66: (0, 0.04)},
    },
    23: {
        **{51: (0, 0.06), 52: (-0.01, 0.07), 53: (-0.04, 0.05), 54: (-0.08, 0), 55: (-0.05, -0.05)},
        **{56: (-0.02, -0.085), 57: (0, -0.09), 63: (-0.03, 0), 64: (-0.08, 0), 65: (-0.03, 0)},
    },
    25: {
        **{51: (0, -0.03), 52: (0, -0.03), 53: (0, -0.015), 62: (0, -0.045), 63: (0, -0.035), 66: (0, 0.07)},
        **{65: (0, 0.055), 57: (0, 0.055), 56: (0, 0.05), 55: (0, 0.03)},
    },
    26: {
        **{66: (0, 0.32, -0.04), 65: (0.0, 0.29, -0.04), 57: (0, 0.34, -0.04), 56: (-0.01, 0.32, -0.04)},
        **{55: (-0.01, 0.23, -0.03), 54: (-0.035, 0.12), 64: (-0.03, 0.12), 53: (-0.01, 0.02), 63: (0.0, -0.01)},
        **{62: (0, -0.02), 8: (0, 0.38, -0.08), 9: (0, 0.37, -0.08), 10: (-0.01, 0.32, -0.06)},
        **{11: (-0.02, 0.22, -0.03), 12: (-0.02, 0.12), 13: (-0.01, 0.05)},
    },
}

# Change of upper and lower lid opening relative to rest, per unit; unit 43 closes the rest.
_UPPER_LID = {5: 1.05, 7: -0.30, 6: -0.12, 9: -0.22, 4: -0.12, 1: 0.10, 12: -0.05}
_LOWER_LID = {5: 0.20, 7: -0.80, 6: -0.55, 9: -0.45, 12: -0.20, 26: 0.05}

# Per pair of lid points: the eye's first corner, upper and lower point, and the side of the face.
_CORNERS, _UPPER, _LOWER, _SIDE = np.array([(36, 37, 41, 0), (36, 38, 40, 0), (42, 43, 47, 1), (42, 44, 46, 1)]).T


def _both_halves(half: dict[int, tuple[float | int, ...]]) -> np.ndarray:
    points = np.zeros((68, 3))
    for landmark, values in half.items():
        points[landmark, : len(values)] = values
        mirrored = points[landmark] * (-1, 1, 1)
        points[MIRRORED_LANDMARKS[landmark]] = (
            mirrored if MIRRORED_LANDMARKS[landmark] != landmark else points[landmark]
        )
    return points


AVERAGE_FACE = _both_halves(_AVERAGE)
EMPHASIS = 1.75  # exaggerates expressions, so that they are visible in small images
MOVES = np.stack([_both_halves(_MOVES.get(unit, {})) * (1 if unit == 26 else EMPHASIS) for unit in ACTION_UNITS])
_FLAT_MOVES = MOVES.reshape(len(ACTION_UNITS), -1)
# Contribution of the (left, right) muscles to the motion of each point; both near the midline.
_RIGHT = np.clip(0.5 + AVERAGE_FACE[:, 0] / 0.3, 0, 1)
SIDES = np.stack([1 - _RIGHT, _RIGHT])
_LIDS = np.zeros((2, len(ACTION_UNITS)))
for _row, _effects in enumerate((_UPPER_LID, _LOWER_LID)):
    for _unit, _effect in _effects.items():
        _LIDS[_row, UNIT[_unit]] = _effect


def _open_lids(points: np.ndarray, rest: np.ndarray, shown: np.ndarray) -> None:
    """Moves the lid points in place: opening relative to rest, then closing by unit 43."""
    opening = np.clip(1 + _LIDS @ shown, 0.12, 2.3)  # [face, lid, side]
    closing = np.clip(shown[:, UNIT[43]], 0, 1)
    inner, across = rest[:, _CORNERS], rest[:, _CORNERS + 3] - rest[:, _CORNERS]
    moved_inner, moved_across = points[:, _CORNERS], points[:, _CORNERS + 3] - points[:, _CORNERS]
    lids = []
    for lid, landmarks in enumerate((_UPPER, _LOWER)):
        offset = rest[:, landmarks] - inner
        along = offset[..., :1] / across[..., :1]
        lids.append(moved_inner + moved_across * along + (offset - across * along) * opening[:, lid, _SIDE, None])
    points[:, _LOWER] = lids[1]
    points[:, _UPPER] = lids[0] + (lids[1] - lids[0]) * closing[:, _SIDE, None] * 0.96


def _part_lips(points: np.ndarray) -> None:
    """Keeps lips from crossing and preserves their thickness, in place."""
    for upper, lower, above, below in ((61, 67, 50, 58), (62, 66, 51, 57), (63, 65, 52, 56)):
        middle = (points[:, upper, 1] + points[:, lower, 1]) / 2
        points[:, upper, 1] = np.minimum(points[:, upper, 1], middle)
        points[:, lower, 1] = np.maximum(points[:, lower, 1], middle)
        points[:, above, 1] = np.minimum(points[:, above, 1], points[:, upper, 1] - 0.035)
        points[:, below, 1] = np.maximum(points[:, below, 1], points[:, lower, 1] + 0.045)


def deform(
    rest: Float[np.ndarray, "face 68 3"], shown: Float[np.ndarray, "face unit 2"]
) -> Float[np.ndarray, "face 68 3"]:
    """Deforms resting faces by the visible units of the (left, right) side; slightly negative values are relaxed."""
    points = rest + sum((shown[:, :, side] @ _FLAT_MOVES).reshape(rest.shape) * SIDES[side, :, None] for side in (0, 1))
    _open_lids(points, rest, shown)
    _part_lips(points)
    return points
