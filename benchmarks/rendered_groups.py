"""Groups of rendered people without images: the intensities that an exact network would see, over a common stimulus."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.data import au_norm
from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.data.render import affect, motion
from affect_jax.data.render.identity import show
from affect_jax.data.render.individuality import draw_person
from affect_jax.emotions import EMOTION_UNITS

FPS = 5.0
SECONDS = 30.0
TIMES = np.arange(round(SECONDS * FPS)) / FPS
SEED, FIRST_PERSON = 15, 300_000  # people of the test split
STIMULUS_FROM, STIMULUS_TO = 10.0, 18.0  # seconds in which a film makes people smile
OWN = 0.6  # strength of expressions that have nothing to do with the film
PURPOSE = 15
EMOTIONS = tuple(EMOTION_UNITS)
HAPPY = EMOTIONS.index("happy")
PERMUTATIONS = 499  # with which p <= 0.05 has a chance of exactly 5 %
LEVEL = 0.05
KINDS = ("absolute", "relative")  # to nothing, or to the maxima of each person


Pool = Float[np.ndarray, "person frame emotion"]


@dataclasses.dataclass(frozen=True)
class World:
    """What people do while they are recorded."""

    film: bool = False  # whether all of them see a film that makes them smile
    expressiveness: float = 1.0  # factor of all that a face shows
    response: float = 1.0  # factor of the response to the film


WORLDS = {"no film": World(), "film": World(film=True)}


def intensities(person: int, world: World, kind: str) -> Float[np.ndarray, "frame emotion"]:
    """Intensities in [0, 10] of a person, in the order of `EMOTIONS`; of `kind` "absolute" or "relative"."""
    felt = OWN * motion.affective_units(SEED, FIRST_PERSON + person, 0, TIMES)
    if world.film:
        rng = np.random.default_rng((SEED, PURPOSE, person))
        strength, delay = world.response * rng.uniform(0.3, 1.0), rng.uniform(0.0, 1.0)
        rise = motion.smoothstep((TIMES - STIMULUS_FROM - delay) / 1.0)
        fall = motion.smoothstep((TIMES - STIMULUS_TO - delay) / 2.0)
        smile = np.zeros(felt.shape)
        smile[:, [affect.UNIT[unit] for unit in EMOTION_UNITS["happy"]]] = strength * (rise * (1 - fall))[:, None]
        felt = 1 - (1 - felt) * (1 - smile)
    identity = draw_person(SEED, FIRST_PERSON + person, 1.0, world.expressiveness)
    shown = np.clip(show(identity, felt, np.zeros_like(felt)), 0, 1)
    if kind == "absolute":
        return au_norm.HIGHEST * affect.intensities(shown.mean(-1))
    found = np.ones(len(TIMES), bool)
    traces = UnitTraces("rendered", affect.ACTION_UNITS, shown[..., 0], shown[..., 1], found, TIMES)
    (labels,) = au_norm.intensities([traces], scale=1.0)
    return np.stack([labels.value[emotion] for emotion in EMOTIONS], -1)


def draw_people(people: Sequence[int], world: World, kind: str) -> Float[np.ndarray, "person frame emotion"]:
    """The intensities of several people."""
    return np.stack([intensities(person, world, kind) for person in people])


def draw(people: Pool, size: int, rng: np.random.Generator) -> Pool:
    """Some of the people, each once."""
    return people[rng.permutation(len(people))[:size]]
