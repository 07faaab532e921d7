"""The 68 iBUG landmarks, taken from the 478 mesh points.

Landmarks 0..16 are approximate, because the mesh follows the visible outline of the face less closely than human
annotators of a jaw line do; eyes, brows, nose and mouth agree to about 1 % of the distance between the eyes.
"""

import numpy as np
from jaxtyping import Float, Int

JAW = (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389)
BROWS = (71, 63, 105, 66, 107, 336, 296, 334, 293, 301)
NOSE = (168, 197, 5, 4, 75, 97, 2, 326, 305)
EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)
INNER_LIPS = (78, 82, 13, 312, 308, 317, 14, 87)
MESH_POINTS: Int[np.ndarray, "68"] = np.array(JAW + BROWS + NOSE + EYES + OUTER_LIPS + INNER_LIPS)


def mesh_landmarks(mesh: Float[np.ndarray, "478 3"]) -> Float[np.ndarray, "68 2"]:
    """Returns (x, y) of the 68 landmarks, in pixels."""
    return np.ascontiguousarray(mesh[MESH_POINTS, :2])
