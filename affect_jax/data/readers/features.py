"""Stored features of faces: a folder that launch.features wrote, as a data set without images."""

import dataclasses
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.data.context import read_context
from affect_jax.data.source import Table
from affect_jax.quantities.registry import quantity
from affect_jax.tables.feature_rows import FEATURES, read_feature_rows
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

SPLITS = ("", "all")  # there is only one


@dataclasses.dataclass(frozen=True)
class FeaturesConfig:
    """Options of stored features."""

    root: str = ""  # folder that launch.features wrote
    split: str = "all"  # "all": a folder is one split
    context: str = ""  # CSV file of numbers for each subject, which follow the features of its faces; "" = none

    def __post_init__(self):
        if self.split not in SPLITS:
            raise ValueError(
                f"stored features: split is '{self.split}', expected 'all'; each split has a folder of its own (root)"
            )

    @property
    def own_split(self) -> str:
        """The folder: two of them are two splits."""
        return str(pathlib.Path(self.root).resolve())

    def shares_subjects(self, other: Any) -> bool:
        """Whether a subject can be in both of two configs, as far as their folders tell."""
        return self.own_split == other.own_split


class Features:
    """A `Source` of stored features, with the labels of the table."""

    def __init__(self, config: FeaturesConfig):
        self.config = config
        stored = read_feature_rows(pathlib.Path(config.root))
        rows = stored.rows
        self.label_set = rows.label_set
        self.examples = Table(
            _names(rows),
            np.array(rows.subject, object),
            np.array(rows.clip, object),
            rows.frame,
            rows.time_seconds,
            Labels(**{name: _label(rows, name) for name in rows.values}),
            _with_context(stored.arrays[FEATURES], rows, config.context),
        )

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Raises ValueError, because only features were stored."""
        raise ValueError(
            f"{self.config.root} holds features of faces but no images ('{self.examples[index].name}' was asked for); "
            "use a network that takes features, or the data set that the features were stored from"
        )


def _with_context(
    features: Float[np.ndarray, "row feature"], rows: Rows, context: str
) -> Float[np.ndarray, "row number"]:
    if not context:
        return features
    return np.concatenate([features, read_context(pathlib.Path(context), rows.subject)], axis=1)


def _names(rows: Rows) -> np.ndarray:
    """Names that are unique: in a video, all rows have the name of the file, and in an image, each face."""
    names = np.array(rows.source, object)
    if len(set(rows.source)) == len(names):
        return names
    described = zip(rows.source, rows.frame, rows.face, strict=True)
    return np.array([f"{source}/{frame:06d}/{face}" for source, frame, face in described], object)


def _label(rows: Rows, name: str) -> Label:
    """The labels of a quantity, all of weight 0 if it is predicted only."""
    if name in rows.labels:
        label = rows.labels[name]
        known = label.weight > 0
        value = np.where(known.reshape(-1, *(1,) * (label.value.ndim - 1)), label.value, 0)
        return Label(value.astype(np.float32), known.astype(np.float32))
    shape = quantity(name).label_shape(rows.label_set)
    return Label(np.zeros((len(rows), *shape), np.float32), np.zeros(len(rows), np.float32))


def features(config: FeaturesConfig) -> Features:
    """Opens stored features; FileNotFoundError if there are none, ValueError if they were damaged or changed."""
    return Features(config)
