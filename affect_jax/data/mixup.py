"""Two faces blended into one, images and labels alike.

Source: Zhang et al., mixup: Beyond empirical risk minimization, ICLR 2018.
"""

import dataclasses

import jax
import numpy as np

from affect_jax.quantities.registry import quantity
from affect_jax.types import Batch, Label, Labels


def mixup(batch: Batch, rng: np.random.Generator, alpha: float) -> Batch:
    """Blends each row with another of the batch, by a share drawn from Beta(alpha, alpha).

    A row keeps at least half of itself, and its subject. What a quantity does with two labels: `Quantity.mix`.
    """
    rows = len(batch.index)
    share = rng.beta(alpha, alpha, rows).astype(np.float32)
    share, other = np.maximum(share, 1 - share), rng.permutation(rows)
    blend = lambda values: _blend(values, values[other], share)
    labels = {}
    for name, label in batch.labels.items():
        shares = np.broadcast_to(share.reshape(-1, *[1] * (label.weight.ndim - 1)), label.weight.shape)
        labels[name] = quantity(name).mix(label, Label(label.value[other], label.weight[other]), shares)
    inputs = jax.tree.map(blend, batch.inputs)
    return dataclasses.replace(batch, inputs=inputs, labels=Labels(**labels), weight=blend(batch.weight))


def _blend(one: np.ndarray, two: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *[1] * (one.ndim - 1))
    return share * one + (1 - share) * two
