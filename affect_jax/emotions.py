"""Label sets of the field and the maps between them.

Order matters: it is stored in every checkpoint and written into every table. Source of the order: facts of each
data set; index 4 of the 5-class set is anger, as in the loader that gave the published EmoNet figures.
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
    "aff_wild2_8": ("neutral", "anger", "disgust", "fear", "happy", "sad", "surprise", "other"),  # other: none of them
    "omg_7": ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
}
# What data sets call the same emotions.
SYNONYMS = {"happiness": "happy", "sadness": "sad", "angry": "anger", "surprised": "surprise", "disgusted": "disgust",
            "fearful": "fear", "afraid": "fear"}  # fmt: skip


def names(label_set: str) -> tuple[str, ...]:
    """Emotion names of a label set, in the order of their indices; ValueError lists the sets."""
    if label_set not in LABEL_SETS:
        raise ValueError(f"unknown label set '{label_set}'; choose one of {', '.join(sorted(LABEL_SETS))}")
    return LABEL_SETS[label_set]


def field_word(name: str) -> str:
    """The word of the label sets for an emotion, however a data set writes it: "Happiness" is "happy"."""
    word = name.strip().lower()
    return SYNONYMS.get(word, word)


def translation(source: str, target: str) -> Int[np.ndarray, "source"]:
    """Index in `target` of each emotion of `source`; -1 where the target lacks it."""
    place = {name: index for index, name in enumerate(names(target))}
    return np.array([place.get(name, -1) for name in names(source)])
