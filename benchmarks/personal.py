"""How much faster many persons are adapted to in one compiled call than one after another.

  python -m benchmarks.personal
  python -m benchmarks.personal --method=ridge --labeled=375

Persons, features and labels are random numbers: the time does not depend on them. Both ways are compiled and warm, and
take turns in one process. Each ends when all adapters are in memory.
"""

import jax
import numpy as np
from absl import flags, logging

from affect_jax.experiment import cli
from affect_jax.personal.adapter import Adapter
from affect_jax.personal.given import Given, person_at, stacked
from affect_jax.personal.registry import METHODS
from affect_jax.personal.sources import Sources
from affect_jax.personal.together import adapt_alone, adapt_together
from benchmarks.interleaved import interleaved

LINEAR = ("bias_scale", "ridge", "neutral_subtraction", "prior")
METHOD = flags.DEFINE_enum("method", "prior", LINEAR, "Method of adaptation.")
PERSONS = flags.DEFINE_integer("persons", 100, "Number of persons.", 2)
LABELED = flags.DEFINE_integer("labeled", 75, "Labeled frames of each person; 15 s at 5 frames/s.", 1)
NEUTRAL = flags.DEFINE_integer("neutral", 15, "Neutral frames of each person.", 0)
FEATURES = flags.DEFINE_integer("features", 64, "Number of pooled features.", 1)
ROUNDS = flags.DEFINE_integer("rounds", 15, "Rounds of which each way has one.", 3)
SOURCE_PERSONS, SOURCE_FRAMES = 9, 300


def draw_person(rng: np.random.Generator, frames: int, neutral: int, features: int) -> Given:
    """Random numbers; the first frames are neutral, the others labeled."""
    draw = lambda *shape: rng.normal(size=(frames, *shape)).astype(np.float32)
    resting = (np.arange(frames) < neutral).astype(np.float32)
    times = np.arange(frames, dtype=np.float32) / 5
    return Given(draw(features), draw(2), 0.3 * draw(2), 1 - resting, resting, np.ones(frames, np.float32), times)


def draw_sources(rng: np.random.Generator) -> Sources:
    """Random source persons, all of whose frames are labeled."""
    persons = [draw_person(rng, SOURCE_FRAMES, NEUTRAL.value, FEATURES.value) for _ in range(SOURCE_PERSONS)]
    given = stacked(persons)
    given = Given(**{**vars(given), "labeled": given.present})
    return Sources(given, tuple(f"source {number}" for number in range(SOURCE_PERSONS)))


def largest_difference(together: Adapter, alone: list[Adapter]) -> float:
    """Between the two ways, relative to the largest number of the same kind."""
    each = jax.tree.map(lambda *leaves: np.stack(leaves), *alone)
    relative = jax.tree.map(
        lambda one, other: np.abs(one - other).max() / max(np.abs(other).max(), 1e-9), together, each
    )
    return float(max(jax.tree.leaves(relative)))


def main() -> None:
    """Logs both times and their ratio."""
    rng, key, method = np.random.default_rng(0), jax.random.key(0), METHODS[METHOD.value]
    prior = jax.device_put(method.learn(draw_sources(rng), key))
    frames = NEUTRAL.value + LABELED.value
    persons = stacked([draw_person(rng, frames, NEUTRAL.value, FEATURES.value) for _ in range(PERSONS.value)])
    each = [person_at(persons, index) for index in range(PERSONS.value)]
    programs = {
        "together": lambda: jax.device_get(adapt_together(method, prior, persons, key)),
        "one after another": lambda: [jax.device_get(adapt_alone(method, prior, person, key)) for person in each],
    }
    difference = largest_difference(programs["together"](), programs["one after another"]())
    times = interleaved(programs, ROUNDS.value)
    for name, taken in times.items():
        wall = 1e3 * np.array(taken.wall)
        logging.info("%s: %.1f ms [%.1f, %.1f]", name, np.median(wall), wall.min(), wall.max())
    slow, fast = (np.array(times[name].wall) for name in ("one after another", "together"))
    by_processor = np.median(times["one after another"].processor) / np.median(times["together"].processor)
    logging.info(
        "%d persons, %d labeled and %d neutral frames, %d features, %s: together %.1f times as fast [%.1f, %.1f], %.1f "
        "times by processor time; largest relative difference %.1g",
        *(PERSONS.value, LABELED.value, NEUTRAL.value, FEATURES.value, METHOD.value),
        *(np.median(slow / fast), (slow / fast).min(), (slow / fast).max(), by_processor, difference),
    )


if __name__ == "__main__":
    cli.run(main)
