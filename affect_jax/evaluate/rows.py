"""One row per face or frame: predictions beside labels and the names that people know."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.evaluate.run import Predict
from affect_jax.types import Batch, Example, Labels, Predictions


@dataclasses.dataclass(frozen=True)
class Rows:
    """An evaluated data set, in the order of its source; arrays are float64 and labels are NaN or -1 where unknown."""

    emotions: tuple[str, ...]  # names of the classes of `probabilities` and of both emotion columns
    name: tuple[str, ...]
    subject: tuple[str, ...]
    clip: tuple[str, ...]
    frame: Int[np.ndarray, "row"]
    time_seconds: Float[np.ndarray, "row"]
    valence_arousal: Float[np.ndarray, "row 2"]  # clipped to [-1, 1]
    label_valence_arousal: Float[np.ndarray, "row 2"]
    probabilities: Float[np.ndarray, "row emotion"]
    label_emotion: Int[np.ndarray, "row"]

    def __len__(self) -> int:
        return len(self.name)

    @functools.cached_property
    def has_affect(self) -> bool:
        """Whether the network has a head for valence and arousal."""
        return not np.isnan(self.valence_arousal).all()

    @functools.cached_property
    def rated(self) -> Bool[np.ndarray, "row"]:
        """Rows with a label of valence and arousal."""
        return ~np.isnan(self.label_valence_arousal).any(-1)

    @functools.cached_property
    def emotion(self) -> Int[np.ndarray, "row"]:
        """The most probable emotion; -1 where the network has no such head."""
        return self.probabilities.argmax(-1) if self.emotions else np.full(len(self), -1)


def collect(predict: Predict, batches: Iterable[Batch], examples: Sequence[Example], emotions: Sequence[str]) -> Rows:
    """Rows of every example that the batches name; one that stands in several windows gets its mean prediction.

    `emotions` are the class names of the network, () if it has no such head. Padding, of weight 0, is dropped.
    """
    size, classes = len(examples), len(emotions)
    seen, affect, has_affect = np.zeros(size), np.zeros((size, 2)), False
    probabilities = np.zeros((size, classes))
    for batch in batches:
        predictions = predict(batch)
        keep = np.asarray(batch.weight).reshape(-1) > 0
        index = np.asarray(batch.index).reshape(-1)[keep]
        np.add.at(seen, index, 1)
        if predictions.valence_arousal is not None:
            has_affect = True
            np.add.at(affect, index, np.asarray(predictions.valence_arousal, np.float64).reshape(-1, 2)[keep])
        if classes:
            np.add.at(probabilities, index, _softmax(predictions, classes)[keep])
    found = np.flatnonzero(seen).tolist()
    if not len(found):
        raise ValueError("nothing to evaluate: the data gave no face")
    _check_finite([examples[index].name for index in found], affect[found], probabilities[found])
    return _rows(
        [examples[index] for index in found],
        np.clip(affect[found] / seen[found, None], -1, 1) if has_affect else np.full((len(found), 2), np.nan),
        probabilities[found] / seen[found, None],
        tuple(emotions),
    )


def _check_finite(names: Sequence[str], affect: np.ndarray, probabilities: np.ndarray) -> None:
    broken = ~np.isfinite(np.concatenate([affect, probabilities], axis=1)).all(1)
    if broken.any():
        raise ValueError(
            f"the prediction for '{names[int(broken.argmax())]}' is not finite ({int(broken.sum())} such rows); "
            "the checkpoint holds the weights of a run that diverged: evaluate an earlier step"
        )


def _softmax(predictions: Predictions, classes: int) -> Float[np.ndarray, "row emotion"]:
    logits = predictions.emotion_logits
    if logits is None or logits.shape[-1] != classes:
        found = "no emotion head" if logits is None else f"{logits.shape[-1]} classes"
        raise ValueError(f"the network has {found}, but {classes} emotion names were given")
    logits = np.asarray(logits, np.float64).reshape(-1, classes)
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def _emotion(labels: Labels) -> int:
    return int(labels.emotion.argmax()) if labels.emotion_weight > 0 else -1


def _rows(examples: Sequence[Example], affect: np.ndarray, probabilities: np.ndarray, emotions: tuple) -> Rows:
    labels = [example.labels for example in examples]
    rated = np.array([float(label.valence_arousal_weight) > 0 for label in labels])
    return Rows(
        emotions=emotions,
        name=tuple(example.name for example in examples),
        subject=tuple(example.subject for example in examples),
        clip=tuple(example.clip for example in examples),
        frame=np.array([example.frame for example in examples]),
        time_seconds=np.array([example.time_seconds for example in examples], np.float64),
        valence_arousal=affect,
        label_valence_arousal=np.where(
            rated[:, None], np.array([label.valence_arousal for label in labels], np.float64), np.nan
        ),
        probabilities=probabilities,
        label_emotion=np.array([_emotion(label) if emotions else -1 for label in labels]),
    )
