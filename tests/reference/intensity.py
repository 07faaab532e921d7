"""A quantity that no part of the package knows, and rows with it, for the tests of tables."""

import numpy as np

from affect_jax.metrics.moments import PairMoments
from affect_jax.quantities.quantity import Quantity
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels


class Intensity(Quantity):
    """How strong an expression is, from 0 to 5, for two halves of a face."""

    name = "intensity"
    description = "intensity in [0, 5]"

    def label_shape(self, label_set):
        return (2,)

    def report(self, output, crop_px):
        return np.clip(output, 0, 5)

    def columns(self, label_set):
        return ("left", "right")

    def state(self, value, label, crop_px):
        return PairMoments.of(value, label.value, label.weight)

    def scores(self, state):
        return {}


def made_rows(boxes=None, **groups):
    return Rows(
        label_set="affectnet_8",
        crop_px=64,
        source=("a, \u201cb\u201d.jpg", "c.jpg", "d.jpg"),
        subject=("anna", "", "ben"),
        clip=("1", "1", ""),
        frame=np.array([0, 7, 0]),
        face=np.array([0, -1, 2]),
        time_seconds=np.array([0, 1 / 3, 1e-7]),
        values={"intensity": np.array([[0.1, 5], [np.nan, np.nan], [2 / 3, 1e-9]])},
        labels=Labels(intensity=Label(np.array([[1.5, 2], [3, 4], [0, 0]]), np.array([1.0, 1, 0]))),
        success=np.array([True, False, True]),
        boxes=boxes,
        quality=None if boxes is None else np.array([0.75, np.nan, 1 / 3]),
        included={name: np.asarray(values, np.float64) for name, values in groups.items()},
    )
