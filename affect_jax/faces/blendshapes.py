"""The 52 blendshapes of a face: how strongly each expression of a face rig is shown.

Source: MediaPipe's face landmarker (Apache-2.0), whose network takes 146 of the 478 mesh points; which, and the names
of its outputs, stand in mediapipe/tasks/cc/vision/face_landmarker/face_blendshapes_graph.cc.
"""

import numpy as np
from jaxtyping import Float

from affect_jax.faces.interpreter import Interpreter

NAMES = (
    *("_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel"),
    *("mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker"),
    *("mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft"),
    *("mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    *("noseSneerLeft", "noseSneerRight"),
)
POINTS = np.array(
    [0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78]
    + [80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152]
    + [153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246]
    + [249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312]
    + [314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381]
    + [382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478)]
)


class Blendshapes:
    """The network that reads blendshapes off a mesh."""

    def __init__(self, weights: bytes):
        """`weights`: of face_blendshapes.tflite."""
        self._network = Interpreter(weights)

    def __call__(self, mesh: Float[np.ndarray, "478 3"]) -> Float[np.ndarray, "52"]:
        """Returns the blendshapes in [0, 1], in the order of `NAMES`; place and size of the mesh are of no effect."""
        (shapes,) = self._network(mesh[None, POINTS, :2].astype(np.float32))
        return np.clip(shapes, 0, 1)
