"""Days of rendered people without images: what an exact network would measure, from the action units that they show."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.data.render import affect, motion
from affect_jax.data.render.expressions import DRAWS, expressions
from affect_jax.data.render.identity import PURPOSE, show
from affect_jax.data.render.individuality import draw_person
from affect_jax.personal.baseline import Day, measure_day

FPS = 5.0
CLIP_FRAMES = 60  # 12 s
CLIPS = 10  # a day: 2 minutes
SEED, FIRST_PERSON = 14, 200_000  # people of the test split
SHORTEST_EVENT_SECONDS = 0.35 + 0.6 + 0.4 * 0.6  # from the start of an expression to that of the next


def felt_units(person: int, clips: Sequence[int]) -> Float[np.ndarray, "clip frame unit"]:
    """What `motion.affective_units` gives, for several clips at once: ten times as fast."""
    times = np.arange(CLIP_FRAMES) / FPS
    events = int((times[-1] + motion.BEFORE_SECONDS) / SHORTEST_EVENT_SECONDS) + 1
    streams = [np.random.default_rng((SEED, PURPOSE["clip"], person, clip, 0)) for clip in clips]
    draws = np.stack([stream.random((events, DRAWS + 4)) for stream in streams])
    targets = expressions(draws[..., :DRAWS].reshape(-1, DRAWS)).reshape(len(clips), events, -1)
    pace = draws[..., DRAWS:]
    onset, hold, offset = 0.35 + 0.60 * pace[..., 0], 0.6 + 1.9 * pace[..., 1], 0.6 + 1.0 * pace[..., 2]
    lengths = onset + hold + offset * 0.4 + 0.35 * pace[..., 3]
    starts = np.cumsum(lengths, 1) - lengths - motion.BEFORE_SECONDS
    remaining = np.ones((len(clips), CLIP_FRAMES, targets.shape[-1]))
    for event in range(events):
        since = times - starts[:, event, None]
        rise = motion.smoothstep(since / onset[:, event, None])
        fall = motion.smoothstep((since - onset[:, event, None] - hold[:, event, None]) / offset[:, event, None])
        remaining *= 1 - (rise * (1 - fall))[..., None] * targets[:, event, None]
    return 1 - remaining


def visible_affect(person: int, day: int, expressiveness: float, clips: int = CLIPS) -> Float[np.ndarray, "frame 2"]:
    """Valence and arousal of what a face shows on a day, both sides averaged.

    Args:
      person: number of the person in the renderer.
      day: number of the day; other days have other clips.
      expressiveness: factor of what is shown of what is felt.
      clips: of the day, at most `CLIPS`.
    """
    felt = felt_units(person, range(day * CLIPS, day * CLIPS + clips)).reshape(clips * CLIP_FRAMES, -1)
    shown = show(draw_person(SEED, person, 1.0, expressiveness), felt, np.zeros_like(felt)).mean(-1)
    return affect.valence_arousal(np.clip(shown, 0, 1))


def make_days(person: int, days: Sequence[int], expressiveness: float = 1.0, clips: int = CLIPS) -> list[Day]:
    """The days of a person, numbered from 0, with these numbers."""
    seconds = np.full(clips * CLIP_FRAMES, 1 / FPS)
    found = []
    for day in days:
        values = visible_affect(FIRST_PERSON + person, day, expressiveness, clips)
        found.append(measure_day(f"day {day:03d}", values, seconds))
    return found
