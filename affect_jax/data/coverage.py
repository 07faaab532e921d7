"""Which emotions a training set has, and which it lacks."""

import numpy as np
from absl import logging

from affect_jax import emotions
from affect_jax.data.source import as_table
from affect_jax.types import Source


def emotion_counts(source: Source) -> dict[str, int]:
    """Examples of each emotion of the source's label set, by their likeliest emotion; 0 for those it lacks."""
    names, label = emotions.names(source.label_set), as_table(source.examples).labels.get("emotion")
    if label is None:
        return dict.fromkeys(names, 0)
    likeliest = label.value[label.weight > 0].argmax(-1)
    return dict(zip(names, np.bincount(likeliest, minlength=len(names)).tolist(), strict=True))


def check_emotions(source: Source, balanced: float) -> None:
    """Logs how many examples each emotion has, and warns of those that have none: they are never predicted.

    With `balanced` above 0 that is a ValueError, for then each emotion was asked to come in a share of its own. A
    source that names no emotion at all teaches other quantities only, which is said, not refused.
    """
    counts = emotion_counts(source)
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    total, lacking = len(source.examples), [name for name, count in counts.items() if not count]
    logging.info("training on %d examples, emotions of %s: %s", total, source.label_set, listed)
    if not lacking:
        return
    if len(lacking) == len(counts):
        logging.warning("no training example has an emotion: the emotion outputs will mean nothing")
    elif balanced:
        raise ValueError(
            f"data.balanced is {balanced:g}, but no training example shows {', '.join(lacking)} ({listed}); choose a "
            f"label_set without it ({_without(lacking)}), add data that has it, or set data.balanced to 0"
        )
    else:
        logging.warning(
            "no training example shows %s: it will hardly be predicted, and mean scores over emotions count it as "
            "wrong; a label_set without it: %s", ", ".join(lacking), _without(lacking)
        )  # fmt: skip


def _without(lacking: list[str]) -> str:
    fitting = [name for name, words in emotions.LABEL_SETS.items() if not set(words) & set(lacking)]
    return ", ".join(fitting) or "none is known"
