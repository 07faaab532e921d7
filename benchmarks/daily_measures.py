"""Which measure of a day's expressiveness differs least from day to day, relative to how it answers a change."""

import numpy as np
from jaxtyping import Float

from affect_jax.personal.expressiveness import measure
from benchmarks.rendered_days import CLIP_FRAMES, FPS, visible_affect

PEOPLE, DAYS = 100, 20
FIRST = 50_000  # not the people whose alarms are counted
FACTOR = 0.7
SPOILED = 0.05  # share of frames that a failing network reports at random, on half of the days


def measures(values: Float[np.ndarray, "frame 2"]) -> dict[str, float]:
    """The candidates for one day."""
    distance = np.linalg.norm(values - np.median(values, 0), axis=-1)
    quartiles = np.quantile(values, [0.25, 0.75], axis=0)
    steps = np.diff(values.reshape(-1, CLIP_FRAMES, 2), axis=1)
    return {
        "root mean square distance from the median (ours)": measure(values, np.full(len(values), 1 / FPS)).value,
        "mean distance from the median": distance.mean(),
        "80 % quantile of that distance": np.quantile(distance, 0.8),
        "median of that distance": np.median(distance),
        "interquartile range": np.linalg.norm(quartiles[1] - quartiles[0]),
        "mean distance from neutral (0, 0)": np.linalg.norm(values, axis=-1).mean(),
        "mean speed": np.linalg.norm(steps, axis=-1).mean(),
    }


def compare_measures() -> list[dict]:
    """One line per measure: its spread, and a change to 0.7 of the expressiveness in standard deviations of a day.

    `shift` is the same where the later days have all values 0.1 higher, as a different light or camera might cause;
    `spoiled` where on every second day some frames are random.
    """
    found = {kind: [] for kind in ("usual", "changed", "shift", "spoiled")}
    for person in range(PEOPLE):
        rng = np.random.default_rng(person)
        for day in range(DAYS):
            usual = visible_affect(FIRST + person, day, 1.0)
            spoiled = usual.copy()
            bad = rng.random(len(usual)) < SPOILED * (day % 2)
            spoiled[bad] = rng.uniform(-1, 1, (int(bad.sum()), 2))
            for kind, values in {
                "usual": usual,
                "changed": visible_affect(FIRST + person, day, FACTOR),
                "shift": np.clip(usual + 0.1, -1, 1),
                "spoiled": spoiled,
            }.items():
                found[kind].append(list(measures(values).values()))
    arrays = {kind: np.log(values).reshape(PEOPLE, DAYS, -1) for kind, values in found.items()}
    spread = lambda kind: np.sqrt(arrays[kind].var(1, ddof=1).mean(0))
    effect = lambda kind: (arrays[kind] - arrays["usual"]).mean((0, 1)) / spread("usual")
    lines = []
    for place, name in enumerate(measures(np.random.default_rng(0).normal(size=(CLIP_FRAMES, 2)))):
        lines.append(
            {
                "measure": name,
                "spread of days, %": f"{100 * spread('usual')[place]:.1f}",
                "change to 0.7, SD": f"{effect('changed')[place]:.2f}",
                "shift by 0.1, SD": f"{effect('shift')[place]:.2f}",
                "spread with spoiled frames, %": f"{100 * spread('spoiled')[place]:.1f}",
            }
        )
    return lines
