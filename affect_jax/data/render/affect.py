"""Ground truth: valence, arousal and emotion as functions of action units.

Units are intensities in [0, 1] in the order of `ACTION_UNITS`. Only affective activity is included: speech and blinks
move the same muscles, but `motion.py` keeps them separate and they never reach these functions.
"""

import numpy as np
from jaxtyping import Float, Int

from affect_jax import emotions

ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 14, 15, 16, 17, 18, 20, 23, 25, 26, 43)
UNIT = {unit: position for position, unit in enumerate(ACTION_UNITS)}
LABEL_SET = "affectnet_8"
NEUTRAL_BELOW = 0.2  # faces of lower intensity are labeled neutral

PROTOTYPES = emotions.EMOTION_UNITS  # no contempt, which is therefore not rendered

# Effects of single units and of pairs of units on (valence, arousal), before the tanh.
LINEAR: dict[int, tuple[float, float]] = {
    1: (-0.05, 0.20),
    2: (0.10, 0.40),
    4: (-0.45, 0.20),
    5: (-0.05, 0.45),
    7: (-0.10, 0.10),
    9: (-0.60, 0.30),
    12: (0.95, 0.20),
    14: (-0.15, -0.10),
    15: (-0.55, -0.40),
    16: (-0.20, 0.15),
    17: (-0.25, -0.15),
    20: (-0.40, 0.35),
    23: (-0.30, 0.20),
    25: (0.05, 0.25),
    26: (0.05, 0.60),
    43: (-0.05, -1.00),
}
PRODUCTS: dict[tuple[int, int], tuple[float, float]] = {
    (6, 12): (0.50, 0.40),  # raised cheeks mark a genuine smile; alone they mean little
    (1, 4): (-0.25, -0.25),  # oblique brows: sadness rather than effort
    (1, 15): (-0.20, -0.55),
    (4, 5): (-0.20, 0.15),  # glare
}


def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    linear = np.zeros((len(ACTION_UNITS), 2))
    for unit, effect in LINEAR.items():
        linear[UNIT[unit]] = effect
    pairs = np.array([[UNIT[first], UNIT[second]] for first, second in PRODUCTS])
    return linear, pairs, np.array(list(PRODUCTS.values()))


_LINEAR, _PAIRS, _PRODUCTS = _table()
_SETS = np.zeros((len(PROTOTYPES), len(ACTION_UNITS)))
for _row, _units in enumerate(PROTOTYPES.values()):
    _SETS[_row, [UNIT[unit] for unit in _units]] = 1
_LABELS = np.array([emotions.names(LABEL_SET).index(name) for name in PROTOTYPES])


def valence_arousal(units: Float[np.ndarray, "*frames unit"]) -> Float[np.ndarray, "*frames 2"]:
    """tanh(units @ LINEAR + products @ PRODUCTS): smooth, (0, 0) at rest, within (-1, 1)."""
    products = units[..., _PAIRS[:, 0]] * units[..., _PAIRS[:, 1]]
    return np.tanh(units @ _LINEAR + products @ _PRODUCTS)


def intensities(units: Float[np.ndarray, "*frames unit"]) -> Float[np.ndarray, "*frames emotion"]:
    """Mean intensity of each emotion's units, in the order of `PROTOTYPES`.

    Source: Ouyang et al., eq. 2, with intensities already scaled to a maximum of 1.
    """
    return units @ (_SETS / _SETS.sum(1, keepdims=True)).T


def emotion(
    units: Float[np.ndarray, "*frames unit"],
) -> tuple[Int[np.ndarray, "*frames"], Float[np.ndarray, "*frames"]]:
    """Index in `LABEL_SET` and intensity of the prototype closest in angle; neutral below the threshold.

    Uses the angle instead of the mean intensity, which cannot distinguish surprise from its superset fear.
    """
    length = np.linalg.norm(units, axis=-1, keepdims=True)
    cosine = units @ (_SETS / np.linalg.norm(_SETS, axis=1, keepdims=True)).T / np.maximum(length, 1e-9)
    best = cosine.argmax(-1)
    intensity = np.take_along_axis(intensities(units), best[..., None], -1)[..., 0]
    return np.where(intensity < NEUTRAL_BELOW, 0, _LABELS[best]), intensity
