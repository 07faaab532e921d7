"""Where clusters are found, and which types of trajectories, in rendered people who respond to a film as known."""

from collections.abc import Callable

import numpy as np

from affect_jax.metrics.cluster_test import cluster_test
from affect_jax.metrics.permutation import compare_means
from affect_jax.metrics.stability import find_types
from benchmarks.rendered_groups import (
    FPS,
    HAPPY,
    LEVEL,
    PERMUTATIONS,
    STIMULUS_FROM,
    STIMULUS_TO,
    WORLDS,
    Pool,
    World,
    draw,
)
from benchmarks.shares import exact

People = Callable[[World, str, int], Pool]  # people of a world and kind; other numbers are other people


def measure_where(pool: People, repetitions: int) -> list[dict]:
    """A second group that responds less to the film: are clusters where the film makes people smile?"""
    lines = []
    usual = pool(WORLDS["film"], "absolute", 0)
    inside = slice(round(STIMULUS_FROM * FPS), round((STIMULUS_TO + 3) * FPS))  # delayed by 1 s, and 2 s to fade
    for response in (0.8, 0.6):
        less = pool(World(film=True, response=response), "absolute", 1)
        for size in (10, 20, 40):
            means, clusters, within, overlap = 0, 0, 0, []
            for repetition in range(repetitions):
                rng = np.random.default_rng((repetition, size, 8))
                one, other = (draw(people, size, rng)[..., HAPPY] for people in (usual, less))
                means += compare_means(one.mean(1), other.mean(1), PERMUTATIONS, repetition).p_value() <= LEVEL
                found = [
                    each for each in cluster_test(one, other, PERMUTATIONS, repetition).found if each.p_value <= LEVEL
                ]
                clusters += bool(found)
                if found:
                    marked = np.zeros(one.shape[1], bool)
                    for each in found:
                        marked[each.start : each.stop] = True
                    within += bool(marked[inside].any())
                    overlap.append(marked[inside].sum() / marked.sum())
            line = {"response to the film": f"x {response}", "in each group": size}
            line |= {"means of people, %": exact(means, repetitions, 1), "clusters, %": exact(clusters, repetitions, 1)}
            line["of these, touching the film, %"] = exact(within, clusters, 1) if clusters else "none"
            line["marked time within it, %"] = f"{100 * np.mean(overlap):.0f}" if overlap else ""
            lines.append(line)
    return lines


def measure_types(pool: People, repetitions: int) -> list[dict]:
    """Types of trajectories of people without types, and of people of whom half hardly respond to the film."""
    lines = []
    worlds = {
        "no film": (WORLDS["no film"],) * 2,
        "film": (WORLDS["film"],) * 2,
        "film, half respond x 0.4": (WORLDS["film"], World(film=True, response=0.4)),
        "film, half respond x 0.1": (WORLDS["film"], World(film=True, response=0.1)),
    }
    for name, pair in worlds.items():
        for size in (20, 40, 80):
            found, right, agreement = 0, 0, []
            for repetition in range(repetitions):
                rng = np.random.default_rng((repetition, size, 9))
                drawn = [draw(pool(world, "absolute", part), size // 2, rng) for part, world in enumerate(pair)]
                types = find_types(np.concatenate(drawn)[..., HAPPY], repetition)
                stable = types.clear and types.p_value <= LEVEL
                found += stable
                right += stable and types.best == 2
                agreement.append(float(types.stability[types.numbers.index(types.best)]))
            line = {"people": name, "number": size, "stable types, %": exact(found, repetitions, 1)}
            line |= {"two of them, %": exact(right, repetitions, 1)}
            lines.append({**line, "stability of the best number": f"{np.mean(agreement):.2f}"})
    return lines
