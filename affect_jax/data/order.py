"""Which example comes when: a function of the seed and the position."""

import functools
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from affect_jax.types import Labels

WINDOW = 1  # purpose of random numbers, beside those of a draw
Vary = Callable[[int, np.random.Generator], Int[np.ndarray, "frame"]]


class Draw(NamedTuple):
    """One row of a batch: indices of its frames (or one index), and the key of its random numbers."""

    indices: Int[np.ndarray, "*frame"]
    key: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """The generator of this draw; the same in every run."""
        return np.random.default_rng(self.key)


class Order:
    """An endless random-access sequence of draws, epoch after epoch.

    Each epoch is a new permutation of the units or, with `shares`, as many draws with replacement. `number` tells the
    streams of a mixture apart. `vary` gives other indices for a unit, as the generator of a draw says.
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
        self.epoch_order = functools.lru_cache(maxsize=3)(self._epoch_order)  # batches straddle epochs

    def _epoch_order(self, epoch: int) -> Int[np.ndarray, "unit"]:
        rng = np.random.default_rng((self.seed, self.number, epoch))
        count = len(self.units)
        return rng.permutation(count) if self.shares is None else rng.choice(count, size=count, p=self.shares)

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, index: int) -> Draw:
        epoch, position = divmod(int(index), len(self.units))
        unit, key = int(self.epoch_order(epoch)[position]), (self.seed, self.number, epoch, position)
        if self.vary is None:
            return Draw(self.units[unit], key)
        return Draw(self.vary(unit, np.random.default_rng((*key, WINDOW))), key)


def balanced_shares(
    labels: Labels, units: Int[np.ndarray, "unit *frame"], strength: float
) -> Float[np.ndarray, "unit"] | None:
    """Probability of each unit, so that emotions come in proportion to count ** (1 - strength).

    Examples without an emotion keep their natural share; a window has the mean of its frames. None where no example
    has an emotion.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"balanced is {strength:g}, expected 0 (as they come) to 1 (every emotion equally often)")
    if "emotion" not in labels or not (labels["emotion"].weight > 0).any():
        return None
    known, named = labels["emotion"].weight > 0, labels["emotion"].value.argmax(-1)
    counts = np.bincount(named[known])
    weight = np.ones(len(known))
    weight[known] = counts[named[known]] ** -float(strength)
    weight[known] *= known.sum() / weight[known].sum()
    of_unit = weight[units].reshape(len(units), -1).mean(1)
    return of_unit / of_unit.sum()
