"""Points at which a training is interrupted, drawn over its phases and steps."""

import dataclasses
from collections.abc import Mapping
from signal import SIGKILL, SIGTERM, Signals

import numpy as np

from affect_jax.experiment.selftest.phases import KILLED_IN

LATEST_START = 0.8  # of all steps: later ones might end the run before the phase comes


@dataclasses.dataclass(frozen=True)
class Point:
    """When to interrupt, so many seconds after the first entry into a phase at or after a step; whom; and how."""

    phase: str
    step: int
    seconds: float
    process: int = 0
    signal: Signals = SIGKILL


def draw_points(count: int, seed: int, steps: int, durations: Mapping[str, float], processes: int = 1) -> list[Point]:
    """Draws points over the whole run, in the order of their steps, with each phase equally often.

    With several processes, one of them gets SIGKILL or SIGTERM in turn: what leaves alone, and what leaves together.

    Args:
        count: number of points.
        seed: of all that is drawn.
        steps: of the whole run.
        durations: seconds that each phase lasts, in which the moment is drawn.
        processes: of which one is drawn for each point.
    """
    generator = np.random.default_rng(seed)
    order = [KILLED_IN[place] for _ in range(count) for place in generator.permutation(len(KILLED_IN))]
    steps_drawn = np.sort(generator.integers(0, max(int(LATEST_START * steps), 1), count))
    shares = generator.random(count)
    victims = generator.integers(0, processes, count)
    signals = (SIGKILL,) if processes == 1 else (SIGKILL, SIGTERM)
    points = []
    for number in range(count):
        phase = order[number]
        seconds = float(shares[number]) * durations.get(phase, 0.0)
        how = signals[number % len(signals)]
        points.append(Point(phase, int(steps_drawn[number]), seconds, int(victims[number]), how))
    return points
