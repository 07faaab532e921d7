"""Mixup: blends pairs of faces, both inputs and labels.

Source: Zhang et al., mixup: Beyond empirical risk minimization, ICLR 2018.
"""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from affect_jax.ops.image import unit_range
from affect_jax.quantities.registry import quantity
from affect_jax.types import Batch, Labels


class Partners(NamedTuple):
    """The other row that each row of a batch is blended with, and the share that it keeps of itself."""

    share: Float[np.ndarray, "row"]
    partner: Int[np.ndarray, "row"]


def draw_partners(rng: np.random.Generator, rows: int, alpha: float) -> Partners:
    """Draws partners for all rows of a batch, with shares from Beta(alpha, alpha); a row keeps at least half."""
    share = rng.beta(alpha, alpha, rows).astype(np.float32)
    share = np.maximum(share, 1 - share)
    return Partners(share, rng.permutation(rows))


def blend(batch: Batch, other: Batch, share: Float[np.ndarray, "row"]) -> Batch:
    """Blends each row with the same row of `other`; a row keeps its index and subject.

    `Quantity.mix` blends the labels. Images become float32 in [0, 1].
    """
    mean = lambda one, two: _mean(one, two, share)
    labels = {}
    for name, label in batch.labels.items():
        shares = np.broadcast_to(_append_axes(share, label.weight.ndim), label.weight.shape)
        labels[name] = quantity(name).mix(label, other.labels[name], shares)
    inputs = jax.tree.map(mean, batch.inputs, other.inputs)
    return dataclasses.replace(batch, inputs=inputs, labels=Labels(**labels), weight=mean(batch.weight, other.weight))


def _append_axes(share: np.ndarray, ndim: int) -> np.ndarray:
    """Reshapes one value per row to `ndim` axes, for broadcasting."""
    return share.reshape((-1,) + (1,) * (ndim - 1))


def _mean(one: np.ndarray, two: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = _append_axes(share, one.ndim)
    if one.dtype == np.uint8:
        one, two = unit_range(one), unit_range(two)
    return share * one + (1 - share) * two
