"""Records of the three standard quantities, as most tests need them."""

import dataclasses

import jax.numpy as jnp
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


def unlabeled_rows(batch: Batch, name: str):
    """Which examples a quantity has no weight for, as a label or as a whole; a last axis stands for its values."""
    return (batch.labels[name].weight * batch.weight)[..., None] == 0


def with_nan_labels(batch: Batch, *names: str) -> Batch:
    """The batch with nan as the label of these quantities where they have no weight."""
    nan = {name: jnp.where(unlabeled_rows(batch, name), jnp.nan, batch.labels[name].value) for name in names}
    return dataclasses.replace(batch, labels=with_values(batch.labels, **nan))


def with_weights(labels: Labels, **weights) -> Labels:
    """Other weights of the same values."""
    return labels.replace(**{name: Label(labels[name].value, weight) for name, weight in weights.items()})
