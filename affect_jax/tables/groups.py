"""Optional groups of columns of a prediction, and the names of their columns."""

from affect_jax.files.openface import POINTS

# In the order of MediaPipe's network. Apple's 52 differ: they have tongueOut, not _neutral. Match them by name only.
BLENDSHAPES = (
    "_neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
)
# In the order of their columns: landmarks as x_0 to x_67, then y_0 to y_67, like OpenFace and py-feat.
GROUPS = {"landmarks": POINTS, "blendshapes": BLENDSHAPES}
UNITS = {"landmarks": "px", "blendshapes": "1"}


def require_groups(names: tuple[str, ...]) -> None:
    """ValueError for a group that is not known."""
    if unknown := [name for name in names if name not in GROUPS]:
        raise ValueError(f"unknown group of columns '{unknown[0]}'; choose from {', '.join(GROUPS)}")
