"""People who watch a clip and move a joystick: late, each with a bias and a scale of their own, never quite steady."""

import numpy as np
from jaxtyping import Float

from affect_jax.data.render import affect, motion
from affect_jax.data.render.identity import PURPOSE

RATERS = 3
DELAY_SECONDS = (0.25, 0.85)  # the reaction of a rater, the same in every clip


def annotate(
    seed: int, subject: int, clip: int, times_seconds: Float[np.ndarray, "frame"]
) -> Float[np.ndarray, "3 frame 2"]:
    """What each rater records at each time: scale * truth(t - delay) + bias + slow noise, inside [-1, 1].

    Biases have a standard deviation of 0.08 per rater and 0.04 per clip, the noise one of 0.05.
    """
    ratings = []
    for rater in range(RATERS):
        person = np.random.default_rng((seed, PURPOSE["rater"], rater))
        delay, scale, bias = person.uniform(*DELAY_SECONDS), person.uniform(0.8, 1.05, 2), person.normal(0, 0.08, 2)
        session = np.random.default_rng((seed, PURPOSE["rater"], rater, subject, clip))
        bias = bias + session.normal(0, 0.04, 2)
        rate, phase = session.uniform(0.1, 0.9, (5, 2)), session.uniform(0, 2 * np.pi, (5, 2))
        noise = np.sin(2 * np.pi * rate * times_seconds[:, None, None] + phase).sum(1) * 0.05 * np.sqrt(2 / 5)
        truth = affect.valence_arousal(motion.affective_units(seed, subject, clip, times_seconds - delay))
        ratings.append(np.clip(truth * scale + bias + noise, -1, 1))
    return np.stack(ratings)
