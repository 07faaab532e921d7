"""Simulated annotators who rate a clip continuously, with individual delay, bias, scale and noise."""

import numpy as np
from jaxtyping import Float

from affect_jax.data.render import affect, motion
from affect_jax.data.render.identity import PURPOSE

RATERS = 3
DELAY_SECONDS = (0.25, 0.85)  # reaction time of an annotator, constant across clips


def annotate(
    seed: int, subject: int, clip: int, times_seconds: Float[np.ndarray, "frame"], rest_seconds: float = 0.0
) -> Float[np.ndarray, "3 frame 2"]:
    """Simulates the ratings of each annotator: scale * truth(t - delay) + bias + slow noise, clipped to [-1, 1].

    The bias has a standard deviation of 0.08 across annotators and 0.04 across clips; the noise has 0.05.
    """
    ratings = []
    for rater in range(RATERS):
        traits = np.random.default_rng((seed, PURPOSE["rater"], rater))
        delay = traits.uniform(*DELAY_SECONDS)
        scale = traits.uniform(0.8, 1.05, 2)
        bias = traits.normal(0, 0.08, 2)
        session = np.random.default_rng((seed, PURPOSE["rater"], rater, subject, clip))
        bias = bias + session.normal(0, 0.04, 2)
        rate, phase = session.uniform(0.1, 0.9, (5, 2)), session.uniform(0, 2 * np.pi, (5, 2))
        noise = np.sin(2 * np.pi * rate * times_seconds[:, None, None] + phase).sum(1) * 0.05 * np.sqrt(2 / 5)
        units = motion.affective_units(seed, subject, clip, times_seconds - delay, rest_seconds)
        truth = affect.valence_arousal(units)
        ratings.append(np.clip(truth * scale + bias + noise, -1, 1))
    return np.stack(ratings)
