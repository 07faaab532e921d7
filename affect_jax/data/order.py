"""The order of training examples, as a function of the seed and the position."""

import functools
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from affect_jax.types import Labels

WINDOW = 1  # random stream of window variation, in addition to that of the draw
Vary = Callable[[int, np.random.Generator], Int[np.ndarray, "frame"]]


class Draw(NamedTuple):
    """One row of a batch: the indices of its frames (or one index), and its random key."""

    indices: Int[np.ndarray, "*frame"]
    key: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """Returns the random generator of this draw; identical in every run."""
        return np.random.default_rng(self.key)


class Order:
    """An endless random-access sequence of draws, epoch after epoch.

    Each epoch is a new permutation of the units or, with `shares`, as many draws with replacement. `number`
    identifies a stream of a mixture. `vary` replaces the indices of a unit, using the generator of the draw.
    """

    def __init__(
        self,
        units: Int[np.ndarray, "unit *frame"],
        seed: int,
        number: int = 0,
        shares: Float[np.ndarray, "unit"] | None = None,
        vary: Vary | None = None,
    ):
        self.units, self.seed, self.number, self.shares, self.vary = units, seed, number, shares, vary
        self.epoch_order = functools.lru_cache(maxsize=3)(self._epoch_order)  # batches may span epochs

    def __reduce__(self):
        return type(self), (self.units, self.seed, self.number, self.shares, self.vary)  # the cache stays here

    def _epoch_order(self, epoch: int) -> Int[np.ndarray, "unit"]:
        rng = np.random.default_rng((self.seed, self.number, epoch))
        count = len(self.units)
        return rng.permutation(count) if self.shares is None else rng.choice(count, size=count, p=self.shares)

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, index: int) -> Draw:
        epoch, position = divmod(int(index), len(self.units))
        unit = int(self.epoch_order(epoch)[position])
        key = (self.seed, self.number, epoch, position)
        if self.vary is None:
            return Draw(self.units[unit], key)
        return Draw(self.vary(unit, np.random.default_rng((*key, WINDOW))), key)


def balanced_shares(
    labels: Labels, units: Int[np.ndarray, "unit *frame"], strength: float
) -> Float[np.ndarray, "unit"] | None:
    """Returns sampling probabilities that make emotions as frequent as count ** (1 - strength).

    Examples without an emotion keep their natural share; a window has the mean probability of its frames. None if no
    example has an emotion.
    """
    if not 0 <= strength <= 1:
        raise ValueError(
            f"balanced is {strength:g}, expected 0 (natural frequencies) to 1 (all emotions equally frequent)"
        )
    if "emotion" not in labels or not (labels["emotion"].weight > 0).any():
        return None
    known = labels["emotion"].weight > 0
    named = labels["emotion"].value.argmax(-1)
    counts = np.bincount(named[known])
    weight = np.ones(len(known))
    weight[known] = counts[named[known]] ** -float(strength)
    weight[known] *= known.sum() / weight[known].sum()
    of_unit = weight[units].reshape(len(units), -1).mean(1)
    return of_unit / of_unit.sum()
