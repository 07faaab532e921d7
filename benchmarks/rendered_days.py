"""Days of rendered people without images: what an exact network would measure, from the action units that they show."""

import numpy as np
from jaxtyping import Float

from affect_jax.data.render import affect, motion
from affect_jax.data.render.identity import show
from affect_jax.data.render.individuality import draw_person
from affect_jax.personal.baseline import Day, measure_day

FPS = 12.5
CLIP_FRAMES = 150  # 12 s
CLIPS = 10  # a day: 2 minutes
SEED, FIRST_PERSON = 14, 200_000  # people of the test split


def visible_affect(person: int, clip: int, expressiveness: tuple[float, ...]) -> list[Float[np.ndarray, "frame 2"]]:
    """Valence and arousal of what a face shows in a clip, both sides averaged, at each factor of expressiveness."""
    felt = motion.affective_units(SEED, person, clip, np.arange(CLIP_FRAMES) / FPS)
    found = []
    for factor in expressiveness:
        shown = show(draw_person(SEED, person, 1.0, factor), felt, np.zeros_like(felt)).mean(-1)
        found.append(affect.valence_arousal(np.clip(shown, 0, 1)))
    return found


def make_days(
    person: int, first: int, count: int, expressiveness: tuple[float, ...], clips: int = CLIPS
) -> list[list[Day]]:
    """Days of a person at each factor of expressiveness, in which they feel the same.

    Args:
      person: number of the person, from 0.
      first: number of the first day; other days have other clips.
      count: of days.
      expressiveness: factors of what is shown.
      clips: per day, at most `CLIPS`.
    """
    days: list[list[Day]] = [[] for _ in expressiveness]
    seconds = np.full(clips * CLIP_FRAMES, 1 / FPS)
    for day in range(first, first + count):
        parts = [visible_affect(FIRST_PERSON + person, day * CLIPS + clip, expressiveness) for clip in range(clips)]
        for own, values in zip(days, zip(*parts, strict=True), strict=True):
            own.append(measure_day(f"day {day:03d}", np.concatenate(values), seconds))
    return days
