"""The interface of a quantity."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from affect_jax.metrics.state import Mergeable
from affect_jax.types import ArrayLike, Label

TEXT = "text"  # the unit of columns of words


class Quantity(abc.ABC):
    """One quantity of the field. Code for labels, tables, evaluation and reports loops over quantities by name.

    Labels have shape [*batch, *label_shape]. `report` converts the raw output of a network to a value of that shape.
    Arrays may be NumPy (float64, on the host) or JAX (float32, on the device) unless a method states otherwise.
    """

    name: str  # key in Labels and Predictions
    description: str  # shown in stores and tables
    unit = "1"  # of its components; "1" if they have none
    rated = True  # annotated by humans, not by a program; decides which windows count as labeled
    traced = False  # annotated continuously while watching, so labels lag behind and may be smoothed
    mirrored = False  # can be averaged over an image and its mirror image
    located = False  # places in the crop, which predictions of whole images and videos do not report
    charted = False  # shown as lines over a recording
    exclusive = False  # its components are shares of a whole, and the greatest is what is said in a word
    limits: tuple[float, float] | None = None  # of reported values, for axes and bars; None if they have none
    class_edges: tuple[float, ...] = ()  # between which a value belongs to one class of an order; none by default
    between = range(0)  # the classes that a face passes quickly on the way from one end to the other
    caption = ""  # above bars and curves that share it
    digits = 2  # after the point of its numbers on a screen
    color = ""  # its meaning in `draw.colors.QUANTITIES`; "" if each column has its own
    headline: Mapping[str, str]  # scores shown in comparison tables, with their titles
    min_labels = 1  # minimum per clip or subject to compute its scores

    @abc.abstractmethod
    def label_shape(self, label_set: str) -> tuple[int, ...]:
        """Shape of labels and reported values, without batch axes."""

    @property
    def levels(self) -> int:
        """Number of classes of an order, from "not shown" to "fully"; 0 for quantities without."""
        return max(len(self.class_edges) - 1, 0)

    # Labels

    def level(self, value: Float[np.ndarray, "*batch component"]) -> Int[np.ndarray, "*batch"]:
        """The level of a label; only quantities with `levels` have one."""
        raise NotImplementedError(f"{self.name} has no levels")

    def crop(self, value: np.ndarray, matrix: Float[np.ndarray, "2 3"]) -> np.ndarray:
        """Converts the label of an image to that of a crop; `matrix` maps image pixels to crop pixels."""
        del matrix
        return value

    def mix(self, one: Label, other: Label, share: Float[np.ndarray, "*batch"]) -> Label:
        """Blends the labels of two images, with `share` for the first; host arrays.

        If only one of them is labeled, its label is used with the weight of its share.
        """
        mean = lambda a, b: _spread(share, a) * a + (1 - _spread(share, a)) * b
        total = mean(one.weight, other.weight)
        weighted_one = _known(one) * _spread(one.weight, one.value)
        weighted_other = _known(other) * _spread(other.weight, other.value)
        return Label(mean(weighted_one, weighted_other) / _spread(np.where(total > 0, total, 1), one.value), total)

    def translate(self, label: Label, source: str, target: str) -> Label:
        """Converts labels to another label set; the identity except for emotions."""
        del source, target
        return label

    # Predictions

    @abc.abstractmethod
    def report(self, output: ArrayLike, crop_px: int) -> ArrayLike:
        """Converts raw output to the reported value, for crops with sides of `crop_px` pixels."""

    def average_mirrored(self, output: ArrayLike, mirrored: ArrayLike) -> ArrayLike:
        """Combines the raw outputs for an image and its mirror image; by default the mirror image is ignored."""
        del mirrored
        return output

    def average(self, values: Float[np.ndarray, "member ..."]) -> Float[np.ndarray, "..."]:
        """Averages several reported values of the same face; host arrays."""
        return values.mean(0)

    # Tables

    @abc.abstractmethod
    def columns(self, label_set: str) -> tuple[str, ...]:
        """Column names of a reported value, one per component."""

    def component_names(self, label_set: str) -> tuple[str, ...]:
        """What its components are called beside bars and curves, where space is short; by default as their columns."""
        return self.columns(label_set)

    @property
    def title(self) -> str:
        """What it is called where it stands alone."""
        return self.name.replace("_", " ")

    def text(self, number: float) -> str:
        """A number for a screen; with a sign where it may be negative."""
        sign = "+" if self.limits is not None and self.limits[0] < 0 else ""
        return f"{number:{sign}.{self.digits}f}"

    def cells(self, values: Float[np.ndarray, "row ..."], label_set: str) -> Mapping[str, Any]:
        """Table columns of reported values; may include more than `columns`, such as the name of a class."""
        flat = values.reshape(len(values), -1)
        return {column: flat[:, index] for index, column in enumerate(self.columns(label_set))}

    def values(self, columns: Mapping[str, Any], label_set: str) -> Float[np.ndarray, "row ..."]:
        """Reads reported values from table columns: the inverse of `cells`."""
        flat = np.stack([columns[name] for name in self.columns(label_set)], -1)
        return flat.reshape(len(flat), *self.label_shape(label_set))

    def label_columns(self, label_set: str) -> tuple[str, ...]:
        """Column names of a label."""
        return tuple(f"label_{column}" for column in self.columns(label_set))

    def label_cells(self, label: Label, label_set: str) -> Mapping[str, Any]:
        """Table columns of labels; NaN, or "" for text, where unlabeled."""
        flat = np.asarray(label.value, np.float64).reshape(len(label.weight), -1)
        known = np.where(label.weight[:, None] > 0, flat, np.nan)
        return dict(zip(self.label_columns(label_set), known.T, strict=True))

    def read_label(self, columns: Mapping[str, Sequence[str]], label_set: str) -> Label:
        """Reads labels from the text columns of a table; an empty cell means "not labeled".

        ValueError or KeyError for a cell that `label_cells` would never write.
        """
        texts = [columns[name] for name in self.label_columns(label_set)]
        flat = np.array([[float(cell or "nan") for cell in column] for column in texts], np.float64).T
        if np.isinf(flat).any():
            raise ValueError("a label is infinite")
        known = ~np.isnan(flat).any(-1)
        value = np.where(known[:, None], flat, 0).reshape(len(flat), *self.label_shape(label_set))
        return Label(value, known.astype(np.float64))

    def units(self, label_set: str) -> Mapping[str, str]:
        """The unit of each column, of reported values and of labels; `TEXT` for words."""
        return dict.fromkeys(self.columns(label_set) + self.label_columns(label_set), self.unit)

    def summarize(
        self, values: Float[np.ndarray, "row ..."], seconds: Float[np.ndarray, "row"], label_set: str
    ) -> dict[str, float | str]:
        """Statistics of the reported values of one face in one recording, by column of a summary; NaN if undefined.

        Args:
          values: without missing ones, float64; there may be none.
          seconds: how long each of them stands.
          label_set: of emotions.

        By default mean, sample standard deviation (n - 1), minimum and maximum of each component over frames.
        """
        del seconds
        flat = values.reshape(len(values), len(self.columns(label_set)))
        found = {}
        for column, numbers in zip(self.columns(label_set), flat.T, strict=True):
            found[f"{column}_mean"] = float(numbers.mean()) if len(numbers) else np.nan
            found[f"{column}_sd"] = float(numbers.std(ddof=1)) if len(numbers) > 1 else np.nan
            found[f"{column}_min"] = float(numbers.min()) if len(numbers) else np.nan
            found[f"{column}_max"] = float(numbers.max()) if len(numbers) else np.nan
        return found

    # Scores

    @abc.abstractmethod
    def state(self, value: ArrayLike, label: Label, crop_px: int) -> Mergeable:
        """Mergeable state of reported values and their labels; examples of weight 0 are ignored."""

    @abc.abstractmethod
    def scores(self, state: Mergeable) -> dict[str, float]:
        """Scores of a merged state, such as "ccc/valence"; {} without labeled examples."""

    def uninformative_scores(self, state: Mergeable) -> set[str]:
        """Returns the names of scores that are meaningless for these labels and are excluded from means over clips."""
        del state
        return set()

    def details(self, state: Mergeable, label_set: str) -> dict[str, Any]:
        """Extra content of a summary besides the scores, such as a confusion matrix."""
        del state, label_set
        return {}


def _spread(per_example: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Appends axes to per-example values so that they broadcast against `values`."""
    return per_example.reshape(per_example.shape + (1,) * (values.ndim - per_example.ndim))


def _known(label: Label) -> np.ndarray:
    return np.where(_spread(label.weight, label.value) > 0, label.value, 0)  # unlabeled values may be anything
