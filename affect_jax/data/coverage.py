"""Checks which emotions occur in a training set."""

import numpy as np
from absl import logging

from affect_jax import emotions
from affect_jax.data.source import as_table
from affect_jax.types import Source


def emotion_counts(source: Source) -> dict[str, int]:
    """Counts the examples of each emotion of the source's label set, by their most probable emotion."""
    names, label = emotions.names(source.label_set), as_table(source.examples).labels.get("emotion")
    if label is None:
        return dict.fromkeys(names, 0)
    likeliest = label.value[label.weight > 0].argmax(-1)
    return dict(zip(names, np.bincount(likeliest, minlength=len(names)).tolist(), strict=True))


def check_emotions(source: Source, balanced: float) -> None:
    """Logs the number of examples of each emotion, and warns about emotions without any.

    If `balanced` is above 0, a missing emotion is a ValueError, because balanced sampling needs examples of each. A
    source without any emotion labels only causes a warning, since it may train other quantities.
    """
    counts = emotion_counts(source)
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    missing = [name for name, count in counts.items() if not count]
    logging.info("training on %d examples, emotions of %s: %s", len(source.examples), source.label_set, listed)
    if not missing:
        return
    if len(missing) == len(counts):
        logging.warning("no training example has an emotion label: the emotion outputs will be meaningless")
    elif balanced:
        raise ValueError(
            f"data.balanced is {balanced:g}, but no training example shows {', '.join(missing)} ({listed}); choose a "
            f"label_set without it ({_label_sets_without(missing)}), add data that has it, or set data.balanced to 0"
        )
    else:
        logging.warning(
            "no training example shows %s: it will rarely be predicted, and mean scores over emotions count it as "
            "wrong; label sets without it: %s",
            ", ".join(missing),
            _label_sets_without(missing),
        )


def _label_sets_without(missing: list[str]) -> str:
    fitting = [name for name, words in emotions.LABEL_SETS.items() if not set(words) & set(missing)]
    return ", ".join(fitting) or "none"
