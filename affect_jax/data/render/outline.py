"""Smooth outlines through control points: Catmull-Rom splines as matrices."""

import functools

import numpy as np
from jaxtyping import Float

STEPS = 5  # vertices per span


@functools.lru_cache(maxsize=64)
def spline_matrix(points: int, closed: bool = False, steps: int = STEPS) -> Float[np.ndarray, "vertex point"]:
    """Weights of the control points for each vertex of a Catmull-Rom curve."""
    spans = points if closed else points - 1
    matrix = np.zeros((spans * steps + (not closed), points))
    for span in range(spans):
        neighbors = np.arange(span - 1, span + 3)
        neighbors = neighbors % points if closed else np.clip(neighbors, 0, points - 1)
        for step in range(steps):
            t = step / steps
            weights = (
                (-t + 2 * t**2 - t**3) / 2,
                (2 - 5 * t**2 + 3 * t**3) / 2,
                (t + 4 * t**2 - 3 * t**3) / 2,
                (t**3 - t**2) / 2,
            )
            for point, weight in zip(neighbors, weights, strict=True):
                matrix[span * steps + step, point] += weight
    if not closed:
        matrix[-1, -1] = 1
    return matrix


def smooth(points: Float[np.ndarray, "point dim"], closed: bool = False) -> Float[np.ndarray, "vertex dim"]:
    """Returns a smooth curve through the points."""
    return spline_matrix(len(points), closed) @ points


def ribbon(
    spine: Float[np.ndarray, "point 2"], half_width: Float[np.ndarray, "point"]
) -> Float[np.ndarray, "vertex 2"]:
    """Returns a closed outline around a spine, `half_width` to each side."""
    along = np.empty_like(spine)
    along[1:-1] = spine[2:] - spine[:-2]
    along[0] = spine[1] - spine[0]
    along[-1] = spine[-1] - spine[-2]
    along /= np.sqrt((along * along).sum(1, keepdims=True)) + 1e-9
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half_width[:, None]
    return np.concatenate([smooth(spine + across), smooth((spine - across)[::-1])])
