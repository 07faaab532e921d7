"""How far to go in fine-tuning: rehearsed on source persons, of whom a few labeled frames are given.

Each rehearsal takes a source person for a stranger, gives labels of a contiguous block or of random frames, and scores
the rest. The fitting number of steps depends on how much the labels tell, so it is chosen for each amount.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.metrics.moments import PairMoments
from affect_jax.personal.given import Given
from affect_jax.personal.labeled import MOST_FRAMES, labeled_seconds
from affect_jax.personal.protocol import GUARD_SECONDS, Protocol
from affect_jax.personal.scoring import mean_ccc
from affect_jax.personal.sources import Sources
from affect_jax.types import ArrayLike

REHEARSALS = 18  # of each amount of labels; the persons take part in turn
# Shares of a person's frames that are labeled.
AMOUNTS = (
    ("block", 0.01),
    ("block", 0.02),
    ("block", 0.05),
    ("block", 0.1),
    ("block", 0.2),
    ("random", 0.01),
    ("random", 0.1),
)
RATES = (1e-3, 1e-2)
STOPS = (0, 3, 10, 30, 100, 300)  # numbers of steps to choose from; 0 leaves the start as it is

Path = Callable[[Int[Array, ""], Given, Float[Array, ""], PRNGKeyArray, int], Float[Array, "stop frame output"]]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Schedule:
    """Learning rate and number of steps where the labels tell so many seconds."""

    seconds: Float[ArrayLike, "amount"]
    learning_rate: Float[ArrayLike, "amount"]
    steps: Int[ArrayLike, "amount"]

    def at(self, seconds: Float[ArrayLike, ""]) -> tuple[Float[Array, ""], Int[Array, ""]]:
        """Learning rate and steps of the amount that is nearest by ratio."""
        distance = jnp.abs(jnp.log(jnp.maximum(seconds, 1e-3)) - jnp.log(jnp.asarray(self.seconds)))
        nearest = jnp.argmin(distance)
        return jnp.asarray(self.learning_rate)[nearest], jnp.asarray(self.steps)[nearest]


def choose_schedule(path: Path, sources: Sources, key: PRNGKeyArray) -> Schedule:
    """The best learning rate and number of steps for each amount of labels, by the mean CCC of the source persons.

    Args:
        path: predictions for one person after each of `STOPS` steps, of (the person's index, what is given, learning
            rate, key, the largest number of labeled frames); pure.
        sources: the persons to rehearse on.
        key: decides which frames are labeled, and what the path draws.
    """
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    persons = rehearsed_persons(len(sources.subjects))
    whole = jax.tree.map(lambda leaf: np.asarray(leaf)[persons], sources.given)
    keys = jax.random.split(key, len(persons))

    def rehearse(given, scored, rate, most):
        def moments(index, given, scored, key):
            predicted = path(index, given, rate, key, most)
            return jax.vmap(lambda stop: PairMoments.of(stop, given.label, scored))(predicted)

        return jax.vmap(moments)(jnp.asarray(persons), given, scored, keys)

    compiled = jax.jit(rehearse, static_argnums=3)
    rows = []
    for kind, share in AMOUNTS:
        labeled, scored = draw_frames(kind, share, whole, rng)
        most = frames_to_gather(labeled)
        given = dataclasses.replace(whole, labeled=labeled)
        scores = [mean_ccc(compiled(given, scored, jnp.float32(rate), most)) for rate in RATES]
        rate, stop = np.unravel_index(np.argmax(scores), np.shape(scores))
        rows.append((float(np.mean(jax.vmap(labeled_seconds)(given))), RATES[rate], STOPS[stop]))
    seconds, rates, steps = zip(*rows, strict=True)
    return Schedule(jnp.float32(seconds), jnp.float32(rates), jnp.int32(steps))


def rehearsed_persons(persons: int) -> Int[np.ndarray, "rehearsal"]:
    """Indices of the persons rehearsed on: all of them, repeatedly if they are few; some of them if they are many."""
    if persons < REHEARSALS:
        return np.arange(REHEARSALS) % persons
    return np.linspace(0, persons - 1, REHEARSALS).round().astype(int)


def frames_to_gather(labeled: Float[np.ndarray, "person frame"]) -> int:
    """The smallest of three sizes that holds the labeled frames of everybody, because each size is compiled."""
    count = int(labeled.sum(axis=1).max())
    return next((size for size in (32, 128) if count <= size), MOST_FRAMES)


def draw_frames(
    kind: str, share: float, given: Given, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "person frame"], Float[np.ndarray, "person frame"]]:
    """1 for the frames whose labels are given, and 1 for the frames that are scored (`personal.protocol`)."""
    labeled, scored = np.zeros_like(given.labeled), np.zeros_like(given.labeled)
    protocol = Protocol(kind, share)
    for person, known in enumerate(given.labeled > 0):
        frames = np.flatnonzero(known)
        apart = 2 * GUARD_SECONDS * np.arange(len(frames))  # without times, no frame is near another
        times = apart if given.time_seconds is None else given.time_seconds[person, frames]
        drawn = protocol.draw(np.float64(times), given.neutral[person, frames] > 0, rng)
        labeled[person, frames[drawn.adaptation]] = 1
        scored[person, frames[drawn.scored]] = 1
    return labeled, scored
