"""Random expressions as action-unit intensities."""

import numpy as np
from jaxtyping import Float

from affect_jax.data.render.affect import ACTION_UNITS, PROTOTYPES, UNIT

DRAWS = 96  # number of uniform draws per expression
_CHOICES = ("happy", "happy", "happy", "sad", "surprise", "fear", "disgust", "anger")
_SETS = np.zeros((len(_CHOICES), len(ACTION_UNITS)))
for _row, _name in enumerate(_CHOICES):
    _SETS[_row, [UNIT[unit] for unit in PROTOTYPES[_name]]] = 1
# Units that often accompany a prototype: parted lips with joy and fear, a raised chin with sadness.
_COMPANIONS = {"happy": 25, "sad": 17, "surprise": 25, "fear": 25, "disgust": 17, "anger": 7}
_COMPANION = np.array([UNIT[_COMPANIONS[name]] for name in _CHOICES])
_FREE = np.array([unit not in (18, 43) for unit in ACTION_UNITS])


def expressions(uniform: Float[np.ndarray, "face draw"]) -> Float[np.ndarray, "face unit"]:
    """Draws independent expressions: 10 % at rest, 45 % prototypes, 15 % blends of two, 30 % random mixtures.

    Of all, 18 % are drowsy or relaxed: half-closed lids and otherwise subdued, about half of them smiling.
    """
    count = len(ACTION_UNITS)
    kind, drowsy = uniform[:, 0], uniform[:, 1] < 0.18
    single, jitter, kept = uniform[:, 2:9], uniform[:, 10 : 10 + count], uniform[:, 30 : 30 + count] > 0.08
    first = (single[:, 0] * len(_CHOICES)).astype(int)
    second = (single[:, 1] * len(_CHOICES)).astype(int)
    strength = 0.15 + 0.85 * single[:, 2]
    strength = np.where(kind < 0.10, 0.12 * strength, np.where(kind < 0.70, strength, 0))
    blended = np.where((kind > 0.55) & (kind < 0.70), single[:, 3], 0)
    posed = _SETS[first] * strength[:, None] * (0.6 + 0.4 * jitter) * kept
    posed = np.maximum(posed, _SETS[second] * blended[:, None] * (0.6 + 0.4 * jitter[:, ::-1]))
    rows = np.arange(len(uniform))
    companion = np.where(single[:, 4] < 0.6, strength * single[:, 5], 0)
    posed[rows, _COMPANION[first]] = np.maximum(posed[rows, _COMPANION[first]], companion)
    free = (uniform[:, 50 : 50 + count] < 0.2) * uniform[:, 70 : 70 + count] * _FREE
    units = np.where((kind < 0.70)[:, None], posed, free)
    units = np.where(drowsy[:, None], 0.55 * units, units)
    closing = np.where(drowsy, 0.25 + 0.5 * single[:, 6], 0)
    units[:, UNIT[43]] = closing
    content = drowsy & (single[:, 5] < 0.55)  # relaxed and content
    units[content, UNIT[12]] = np.maximum(units[content, UNIT[12]], 0.2 + 0.6 * single[content, 3])
    units[:, UNIT[5]] *= 1 - drowsy
    return np.clip(units, 0, 1)
