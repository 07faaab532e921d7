"""The rows of a global batch that one training process builds."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from affect_jax.data.crops import CropMaker, collate
from affect_jax.data.mixup import blend, draw_partners
from affect_jax.data.order import Draw
from affect_jax.data.unreadable import Unreadable
from affect_jax.types import Batch

MIXUP = 2**31  # random stream of mixup, distinct from the indices of the mixture streams


@dataclasses.dataclass(frozen=True)
class Share:
    """The share of a training process in each global batch: consecutive rows, in the order of the processes."""

    process: int = 0
    processes: int = 1

    def rows(self, batch: int) -> range:
        """The rows of a global batch of the given size; ValueError if it cannot be divided evenly."""
        if not 0 <= self.process < self.processes:
            raise ValueError(f"process {self.process} of {self.processes}; expected a number from 0 to one less")
        if batch % self.processes:
            raise ValueError(
                f"a batch of {batch} is not divisible by {self.processes} processes; change config.batch_size"
            )
        count = batch // self.processes
        return range(self.process * count, (self.process + 1) * count)


WHOLE_BATCH = Share()


class Built(NamedTuple):
    """The rows of this process as the leaves of a `Batch`, in which form Grain can carry them between processes."""

    leaves: list[np.ndarray]
    unreadable: list[Unreadable]  # images that failed to load on the way


@dataclasses.dataclass(frozen=True)
class TrainingRows:
    """Builds the rows of a share out of the draws of a global batch; a pure function of its arguments, and picklable.

    The partners of mixup are drawn among all rows of the global batch. Those of other processes are built here, too,
    so that the result does not depend on the number of processes.
    """

    maker: CropMaker
    share: Share
    seed: int
    mixup_alpha: float

    def __call__(self, number: int, draws: Sequence[Draw]) -> Built:
        """Returns this process's rows of the batch with the given number."""
        own = self.share.rows(len(draws))
        unreadable: list[Unreadable] = []
        if not self.mixup_alpha:
            batch = collate([self.maker.training(draws[row], unreadable) for row in own])
            return Built(jax.tree.leaves(batch), unreadable)
        rng = np.random.default_rng((self.seed, MIXUP, number))
        share, partner = draw_partners(rng, len(draws), self.mixup_alpha)
        partners = [int(partner[row]) for row in own]
        rows = {row: self.maker.training(draws[row], unreadable) for row in sorted({*own, *partners})}
        batch = collate([rows[row] for row in own])
        other = collate([rows[row] for row in partners])
        blended = blend(batch, other, share[own.start : own.stop])
        return Built(jax.tree.leaves(blended), unreadable)

    def batch(self, leaves: list[np.ndarray]) -> Batch:
        """Puts the leaves of a batch together again."""
        return jax.tree.unflatten(jax.tree.structure(self.maker.padding()), leaves)
