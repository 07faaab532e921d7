"""What the rest of the house asks of a quantity."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax.metrics.state import Mergeable
from affect_jax.types import ArrayLike, Label


class Quantity(abc.ABC):
    """One quantity of the field. Labels, tables, evaluations and reports loop over quantities and name none.

    A label is [*batch, *label_shape]. A network's raw output becomes a reported value, of the same shape as a label, by
    `report`. Arrays may be NumPy's (float64, on the host) or JAX's (float32, on the device), unless a method says so.
    """

    name: str  # key in Labels and Predictions
    description: str  # for readers of a store or a table
    rated = True  # by people; False for what a program measures: windows and clocks look at what is rated
    traced = False  # rated continuously while watching, so that labels of clips lag behind and may be smoothed
    mirrored = False  # whether predictions are averaged over an image and its mirror image
    headline: Mapping[str, str]  # scores that stand in tables of comparison, and their titles
    least_labels = 1  # in a clip or of a subject, for a score of it

    @abc.abstractmethod
    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """Shape of a label and of a reported value, without batch axes."""

    # Labels

    def crop(self, value: np.ndarray, matrix: Float[np.ndarray, "2 3"]) -> np.ndarray:
        """A label of an image as that of a crop; `matrix` maps pixels of the image to those of the crop."""
        del matrix
        return value

    def mix(self, one: Label, other: Label, share: Float[np.ndarray, "*batch"]) -> Label:
        """Labels of two images that are blended, `share` of the first; host arrays.

        A label that only one of the two has counts with that one's share.
        """
        mean = lambda a, b: _spread(share, a) * a + (1 - _spread(share, a)) * b
        total = mean(one.weight, other.weight)
        values = [_known(label) * _spread(label.weight, label.value) for label in (one, other)]
        return Label(mean(*values) / _spread(np.where(total > 0, total, 1), one.value), total)

    def translate(self, label: Label, source: str, target: str) -> Label:
        """Labels in terms of another label set; the same for all but emotions."""
        del source, target
        return label

    # Predictions

    @abc.abstractmethod
    def report(self, output: ArrayLike, crop_px: int) -> ArrayLike:
        """The reported value of a raw output, for a crop of `crop_px` pixels a side."""

    def average_mirrored(self, output: ArrayLike, mirrored: ArrayLike) -> ArrayLike:
        """The raw output for an image given that for its mirror image too; that of the image alone by default."""
        del mirrored
        return output

    def average(self, values: Float[np.ndarray, "member ..."]) -> Float[np.ndarray, "..."]:
        """One reported value out of several of the same face; host arrays."""
        return values.mean(0)

    # Tables

    @abc.abstractmethod
    def columns(self, label_set: str) -> tuple[str, ...]:
        """Names of the columns of a reported value, one a number."""

    def cells(self, values: Float[np.ndarray, "row ..."], label_set: str) -> Mapping[str, Any]:
        """Columns of a table for reported values; there may be more than `columns`, such as the name of a class."""
        flat = values.reshape(len(values), -1)
        return {column: flat[:, place] for place, column in enumerate(self.columns(label_set))}

    def values(self, columns: Mapping[str, Any], label_set: str) -> Float[np.ndarray, "row ..."]:
        """Reported values out of the columns of a table: the inverse of `cells`."""
        flat = np.stack([columns[name] for name in self.columns(label_set)], -1)
        return flat.reshape(len(flat), *self.label_shape(label_set))

    def label_columns(self, label_set: str) -> tuple[str, ...]:
        """Names of the columns of a label."""
        return tuple(f"label_{column}" for column in self.columns(label_set))

    def label_cells(self, label: Label, label_set: str) -> Mapping[str, Any]:
        """Columns of a table for labels; NaN, or "" for a word, where there is none."""
        flat = np.asarray(label.value, np.float64).reshape(len(label.weight), -1)
        known = np.where(label.weight[:, None] > 0, flat, np.nan)
        return dict(zip(self.label_columns(label_set), known.T, strict=True))

    def read_label(self, columns: Mapping[str, Sequence[str]], label_set: str) -> Label:
        """Labels out of the text columns of a table; an empty cell says "not labeled".

        ValueError or KeyError for a cell that `label_cells` never writes.
        """
        texts = [columns[name] for name in self.label_columns(label_set)]
        flat = np.array([[float(cell or "nan") for cell in column] for column in texts], np.float64).T
        known = ~np.isnan(flat).any(-1)
        value = np.where(known[:, None], flat, 0).reshape(len(flat), *self.label_shape(label_set))
        return Label(value, known.astype(np.float64))

    # Scores

    @abc.abstractmethod
    def state(self, value: ArrayLike, label: Label, crop_px: int) -> Mergeable:
        """Mergeable state of reported values and their labels; what has weight 0 is not looked at."""

    @abc.abstractmethod
    def scores(self, state: Mergeable) -> dict[str, float]:
        """Scores of a merged state, such as "ccc/valence"; {} without a labeled example."""

    def uninformative(self, state: Mergeable) -> set[str]:
        """Names of scores that say nothing of the prediction for these labels, to be left out of means over clips."""
        del state
        return set()

    def details(self, state: Mergeable, label_set: str) -> dict[str, Any]:
        """What a summary holds besides scores, such as a confusion matrix."""
        del state, label_set
        return {}


def _spread(per_example: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Numbers per example with axes behind, so that they multiply values."""
    return per_example.reshape(per_example.shape + (1,) * (values.ndim - per_example.ndim))


def _known(label: Label) -> np.ndarray:
    return np.where(_spread(label.weight, label.value) > 0, label.value, 0)  # without a weight it may be anything
