"""Consistency of emotion labels with valence and arousal: the automatic part of the "cleaned" AffectNet.

The published results use a set that was also checked manually ("expression_correct" in EmoNet's lists); this rule alone
keeps 3,858 of the 3,999 faces of the validation list.
Source: the data loader of Toisoul et al., Nature Machine Intelligence 3, 2021.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.emotions import LABEL_SETS
from affect_jax.quantities.valence_arousal import AROUSAL, VALENCE

NAMES = LABEL_SETS["affectnet_8"]
WEAK, WEAK_DISGUST = 0.2, 0.3  # distance from (0, 0) above which a face is not neutral
DECIMALS = 9  # more than labels have; rounds away binary error, so that (0.12, 0.16) has length 0.2
RULES = {"": "", "automatic": "by valence and arousal", "automatic+correct": "by valence and arousal, and manually"}


def agrees(emotion: Int[np.ndarray, "face"], valence_arousal: Float[np.ndarray, "face 2"]) -> Bool[np.ndarray, "face"]:
    """Whether an emotion (affectnet_8) is consistent with valence and arousal; False for unknown codes."""
    valence, arousal = valence_arousal[:, VALENCE], valence_arousal[:, AROUSAL]
    intensity = np.round(np.hypot(valence, arousal), DECIMALS)
    strong = intensity > WEAK
    fits = {
        "neutral": intensity < WEAK,
        "happy": (valence > 0) & strong,
        "sad": (valence < 0) & strong,
        "surprise": (arousal > 0) & strong,
        "fear": (arousal >= 0) & (valence <= 0) & strong,
        "disgust": (valence < 0) & (intensity > WEAK_DISGUST),
        "anger": (arousal > 0) & strong,
        "contempt": (valence < 0) & strong,
    }
    table = np.stack([fits[name] for name in NAMES])
    known = (emotion >= 0) & (emotion < len(NAMES))
    return known & table[np.where(known, emotion, 0), np.arange(len(emotion))]


def count_per_emotion(emotion: Int[np.ndarray, "face"], kept: Bool[np.ndarray, "face"]) -> str:
    """ "neutral 390 of 500, happy ..." for a message."""
    counts = [(name, (kept & (emotion == code)).sum(), (emotion == code).sum()) for code, name in enumerate(NAMES)]
    return ", ".join(f"{name} {left} of {all_}" for name, left, all_ in counts)
