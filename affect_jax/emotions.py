"""Label sets of the field and the maps between them.

Order matters: it is stored in every checkpoint and written to every table. It follows the documentation of each data
set; index 4 of the 5-class set is anger, as in the loader behind the published EmoNet results.
"""

import numpy as np
from jaxtyping import Int

LABEL_SETS: dict[str, tuple[str, ...]] = {
    "affectnet_8": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"),
    "affectnet_7": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger"),
    "emonet_5": ("neutral", "happy", "sad", "surprise", "anger"),
    "fer2013_7": ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
    "ferplus_8": ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear", "contempt"),
    "ck_plus_8": ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sad", "surprise"),
    "raf_db_7": ("surprise", "fear", "disgust", "happy", "sad", "anger", "neutral"),
    "aff_wild2_8": (
        "neutral",
        "anger",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
        "other",
    ),  # other: none of the above
    "omg_7": ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
}
# Other names for the same emotions in various data sets.
SYNONYMS = {
    "happiness": "happy",
    "sadness": "sad",
    "angry": "anger",
    "surprised": "surprise",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
}

# The action units (FACS) of each emotion. Source: Ouyang et al. (emotion intensity from video), Figure 1, which has no
# contempt.
EMOTION_UNITS: dict[str, tuple[int, ...]] = {
    "happy": (6, 12),
    "sad": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
    "fear": (1, 2, 4, 5, 7, 20, 26),
    "disgust": (9, 15, 16),
    "anger": (4, 5, 6, 23),
}


def names(label_set: str) -> tuple[str, ...]:
    """Returns the emotion names of a label set, in index order; ValueError lists the known sets."""
    if label_set not in LABEL_SETS:
        raise ValueError(f"unknown label set '{label_set}'; choose one of {', '.join(sorted(LABEL_SETS))}")
    return LABEL_SETS[label_set]


def canonical_name(name: str) -> str:
    """Maps the spellings used by data sets to the names of the label sets: "Happiness" becomes "happy"."""
    word = name.strip().lower()
    return SYNONYMS.get(word, word)


def translation(source: str, target: str) -> Int[np.ndarray, "source"]:
    """Returns the index in `target` of each emotion of `source`; -1 if the target does not have it."""
    position = {name: index for index, name in enumerate(names(target))}
    return np.array([position.get(name, -1) for name in names(source)])
