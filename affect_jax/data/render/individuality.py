"""People who differ more from each other than usual, and changes of how much a person shows."""

import dataclasses
import functools

import numpy as np

from affect_jax.data.render.affect import UNIT
from affect_jax.data.render.identity import Identity, draw_identity

EXPRESSIVENESS = (0.3, 2.0)  # limits of visible intensity per felt intensity
ASYMMETRY = 0.6  # limit of its magnitude
CLOSED_EYES = UNIT[43]  # everybody closes both eyes fully


@functools.lru_cache(maxsize=4096)
def draw_person(seed: int, subject: int, individuality: float, expressiveness: float) -> Identity:
    """The subject of `draw_identity`, whose face looks the same at rest except for its muscles.

    Args:
      seed: of the data set.
      subject: number of the subject.
      individuality: factor of what is personal in the muscles: the logarithm of each unit's expressiveness, the
        asymmetry and the resting face; 1 as drawn, 0 without any difference between people.
      expressiveness: factor of the visible intensity of all units.
    """
    identity = draw_identity(seed, subject)
    if individuality == 1 and expressiveness == 1:
        return identity
    visible = np.clip(expressiveness * identity.expressiveness**individuality, *EXPRESSIVENESS)
    visible[CLOSED_EYES] = identity.expressiveness[CLOSED_EYES]
    return dataclasses.replace(
        identity,
        expressiveness=visible,
        asymmetry=np.clip(individuality * identity.asymmetry, -ASYMMETRY, ASYMMETRY),
        resting=individuality * identity.resting,
    )
