"""Records of the three standard quantities, as most tests need them."""

import numpy as np

from affect_jax.types import Batch, Inputs, Label, Labels


def make_labels(valence_arousal, rated, emotion, named, landmarks, placed) -> Labels:
    """Values and weights of valence/arousal, of emotion, and of landmarks."""
    return Labels(
        valence_arousal=Label(valence_arousal, rated), emotion=Label(emotion, named), landmarks=Label(landmarks, placed)
    )


def no_labels(count: int, emotions: int) -> Labels:
    """Labels of which nothing is known, to be filled in; `emotions` is the number of classes."""
    zeros = lambda *shape: np.zeros((count, *shape), np.float32)
    return make_labels(zeros(2), zeros(), zeros(emotions), zeros(), zeros(68, 2), zeros())


def make_batch(images, labels: Labels, weight, index) -> Batch:
    """A batch of images of unknown subjects."""
    return Batch(Inputs(images=images), labels, weight, index, np.full(np.shape(weight), -1))


def with_values(labels: Labels, **values) -> Labels:
    """Other values under the same weights."""
    return labels.replace(**{name: Label(value, labels[name].weight) for name, value in values.items()})


def with_weights(labels: Labels, **weights) -> Labels:
    """Other weights of the same values."""
    return labels.replace(**{name: Label(labels[name].value, weight) for name, weight in weights.items()})
