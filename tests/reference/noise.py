"""Random faces that worker processes can read: importing this takes them no longer than the loader itself."""

import pathlib
import time

import numpy as np

from affect_jax.data.source import Table, unlabeled
from affect_jax.types import UnreadableImage


class NoisyFaces:
    """Example i has noise of seed i, and labels; reading blocks while the file `gate` exists."""

    label_set = "affectnet_8"

    def __init__(self, count, broken=(), gate=None):
        rng = np.random.default_rng(count)
        labels = unlabeled(count, self.label_set, ("valence_arousal", "emotion", "landmarks"))
        labels["valence_arousal"].value[:] = rng.uniform(-1, 1, (count, 2))
        labels["emotion"].value[:] = rng.dirichlet(np.ones(8), count)
        for name in ("valence_arousal", "emotion"):
            labels[name].weight[:] = rng.integers(0, 2, count)
        frames = np.arange(count, dtype=np.int64)
        names = [f"face {i}" for i in range(count)]
        self.examples = Table(names, ["a", "b"] * (count // 2), ["clip"] * count, frames, frames / 25, labels)
        self.broken, self.gate = set(broken), gate

    def image(self, index):
        while self.gate is not None and pathlib.Path(self.gate).exists():
            time.sleep(0.02)
        if index in self.broken:
            raise UnreadableImage(f"faces.csv, row {index + 2}: image is truncated")
        return np.random.default_rng(index).integers(0, 256, (12, 12, 3), dtype=np.uint8)
