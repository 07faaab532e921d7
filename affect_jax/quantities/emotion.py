"""Discrete emotions: the classes of a label set."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax import emotions
from affect_jax.metrics.confusion import ConfusionMatrix, emotion_scores
from affect_jax.quantities.quantity import TEXT, Quantity
from affect_jax.types import ArrayLike, Label

MIN_SHARE = 0.5  # of the votes that must remain after translation to another label set
NAME, LABEL_NAME = "expression", "label_expression"  # columns with the emotion name


@dataclasses.dataclass(frozen=True)
class Emotion(Quantity):
    """Labels are distributions over a label set; raw outputs are logits, and reported values are probabilities."""

    name = "emotion"
    mirrored = True
    exclusive = True
    limits = (0.0, 1.0)
    color = "emotion"
    headline = MappingProxyType(
        {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro F1"}
    )
    description = "emotion as probabilities over a label set"

    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """(number of emotions,)."""
        return (len(emotions.names(label_set)),)

    def translate(self, label: Label, source: str, target: str) -> Label:
        """Converts the distribution to another label set; weight 0 unless it keeps more than half of the votes.

        Votes for emotions that the target does not have are dropped.
        """
        kept = label.value @ translation_matrix(source, target)
        share = kept.sum(-1)
        known = share > MIN_SHARE
        value = np.where(known[:, None], kept / np.where(known, share, 1)[:, None], 0).astype(np.float32)
        return Label(value, np.where(known, label.weight, np.float32(0)))

    def report(self, output: Float[ArrayLike, "*batch emotion"], crop_px: int) -> Float[ArrayLike, "*batch emotion"]:
        """Softmax."""
        del crop_px
        xp = output.__array_namespace__()
        exponentials = xp.exp(output - output.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    def average_mirrored(
        self, output: Float[ArrayLike, "*batch emotion"], mirrored: Float[ArrayLike, "*batch emotion"]
    ) -> Float[ArrayLike, "*batch emotion"]:
        """The logarithms of the mean probabilities, which are logits of them."""
        xp = output.__array_namespace__()
        return xp.logaddexp(_log_softmax(output), _log_softmax(mirrored)) - math.log(2)

    def columns(self, label_set: str) -> tuple[str, ...]:
        """ "p_neutral" and so on."""
        return tuple(f"p_{name}" for name in emotions.names(label_set))

    def component_names(self, label_set: str) -> tuple[str, ...]:
        """Those of the label set."""
        return emotions.names(label_set)

    def cells(self, values: Float[np.ndarray, "row emotion"], label_set: str) -> Mapping[str, Any]:
        """The name of the most probable emotion, then the probabilities."""
        names = emotions.names(label_set)
        words = ["" if np.isnan(row).any() else names[int(row.argmax())] for row in values]
        return {NAME: words, **super().cells(values, label_set)}

    def label_columns(self, label_set: str) -> tuple[str, ...]:
        """ "label_expression"."""
        del label_set
        return (LABEL_NAME,)

    def label_cells(self, label: Label, label_set: str) -> Mapping[str, Any]:
        """The name of the most probable emotion."""
        names, likeliest = emotions.names(label_set), label.value.argmax(-1)
        return {LABEL_NAME: [names[i] if w > 0 else "" for i, w in zip(likeliest, label.weight, strict=True)]}

    def read_label(self, columns: Mapping[str, Sequence[str]], label_set: str) -> Label:
        """Probability 1 for the named emotion; an empty cell has weight 0."""
        place = {name: index for index, name in enumerate(emotions.names(label_set))}
        words = columns[LABEL_NAME]
        value = np.zeros((len(words), len(place)))
        for row, word in enumerate(words):
            if word:
                value[row, place[word]] = 1
        return Label(value, value.sum(-1))

    def units(self, label_set: str) -> Mapping[str, str]:
        """ "1" for probabilities, `TEXT` for names."""
        return {NAME: TEXT, **super().units(label_set), LABEL_NAME: TEXT}

    def summarize(
        self, values: Float[np.ndarray, "row emotion"], seconds: Float[np.ndarray, "row"], label_set: str
    ) -> dict[str, float | str]:
        """The emotion that is most probable in most frames (the first of equals), and mean probabilities."""
        del seconds
        names = emotions.names(label_set)
        if not len(values):
            return {NAME: "", **{f"{column}_mean": np.nan for column in self.columns(label_set)}}
        counts = np.bincount(values.argmax(-1), minlength=len(names))
        means = dict(zip(self.columns(label_set), values.mean(0).tolist(), strict=True))
        return {NAME: names[int(counts.argmax())], **{f"{column}_mean": mean for column, mean in means.items()}}

    def state(self, value: Float[ArrayLike, "*batch emotion"], label: Label, crop_px: int) -> ConfusionMatrix:
        """Confusion matrix of the most probable emotions."""
        del crop_px
        return ConfusionMatrix.of(value.argmax(-1), label.value.argmax(-1), label.weight, value.shape[-1])

    def scores(self, state: ConfusionMatrix) -> dict[str, float]:
        """Accuracy, balanced accuracy and macro F1."""
        return emotion_scores(state)

    def details(self, state: ConfusionMatrix, label_set: str) -> dict[str, Any]:
        """The confusion matrix, if there are any labels."""
        counts = np.asarray(state.counts)
        if not counts.any():
            return {}
        names = list(emotions.names(label_set))
        return {"confusion": {"emotions": names, "label_by_prediction": counts.astype(int).tolist()}}


def _log_softmax(logits: Float[ArrayLike, "*batch emotion"]) -> Float[ArrayLike, "*batch emotion"]:
    xp = logits.__array_namespace__()
    below = logits - logits.max(-1, keepdims=True)
    return below - xp.log(xp.exp(below).sum(-1, keepdims=True))


def translation_matrix(source: str, target: str) -> Float[np.ndarray, "source target"]:
    """Matrix with 1 where an emotion of `source` equals one of `target`, 0 elsewhere."""
    index = emotions.translation(source, target)
    return (index[:, None] == np.arange(len(emotions.names(target)))[None]).astype(np.float32)
