"""Mixup: blends pairs of faces, both inputs and labels.

Source: Zhang et al., mixup: Beyond empirical risk minimization, ICLR 2018.
"""

import dataclasses

import jax
import numpy as np

from affect_jax.quantities.registry import quantity
from affect_jax.types import Batch, Label, Labels


def mixup(batch: Batch, rng: np.random.Generator, alpha: float) -> Batch:
    """Blends each row with another row of the batch, with a share drawn from Beta(alpha, alpha).

    A row keeps at least half of itself, and its subject. `Quantity.mix` blends the labels.
    """
    rows = len(batch.index)
    share = rng.beta(alpha, alpha, rows).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(rows)
    blend = lambda values: _blend(values, values[other], share)
    labels = {}
    for name, label in batch.labels.items():
        shares = np.broadcast_to(_append_axes(share, label.weight.ndim), label.weight.shape)
        labels[name] = quantity(name).mix(label, Label(label.value[other], label.weight[other]), shares)
    inputs = jax.tree.map(blend, batch.inputs)
    return dataclasses.replace(batch, inputs=inputs, labels=Labels(**labels), weight=blend(batch.weight))


def _append_axes(share: np.ndarray, ndim: int) -> np.ndarray:
    """Reshapes one value per row to `ndim` axes, for broadcasting."""
    return share.reshape((-1,) + (1,) * (ndim - 1))


def _blend(one: np.ndarray, two: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = _append_axes(share, one.ndim)
    return share * one + (1 - share) * two
