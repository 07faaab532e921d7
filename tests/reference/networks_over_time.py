"""Made networks, by what they remember: images, windows, streams, every third frame."""

import numpy as np

from affect_jax.types import Predictions


def mixed_windows(clips):
    """Values that depend on all frames of a window."""
    level = clips.mean((-3, -2, -1))
    mixed = 0.5 * level + 0.5 * level.mean(-1, keepdims=True)
    return Predictions(valence_arousal=np.stack([mixed, -mixed], -1))


def running_mean(faces):
    """A causal network that remembers all it has seen."""
    seen = []

    def step(images):
        seen.append(images[:, 0].mean((-3, -2, -1)))
        mean = np.mean(seen, 0)
        return Predictions(valence_arousal=np.stack([mean, -mean], -1)[:, None])

    return step


NETWORKS = {
    "static": {},
    "windows": {"function": mixed_windows, "frames": 6},
    "stream": {"frames": 6, "follower": running_mean},
    "every third frame": {"function": mixed_windows, "frames": 4, "every": 3},
}
