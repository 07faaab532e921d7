"""False alarms and power of launch.compare_groups on rendered people: equal groups, and groups that differ as known.

  python -m benchmarks.groups --output=/tmp/groups  # without images: about 25 minutes on a free core
  python -m benchmarks.groups --output=/tmp/groups --part=power  # one of them
  python -m benchmarks.groups --output=/tmp/groups --part=mne  # beside MNE-Python, which has to be installed

People see what an exact network would give (`rendered_groups.py`). Each repetition draws other people out of a pool.
Prints Markdown tables and keeps them in OUTPUT/PART.md.
"""

import functools
import pathlib

import numpy as np
from absl import app, flags
from jaxtyping import Float
from scipy import stats

from affect_jax.files.atomic import write_bytes
from affect_jax.metrics.cluster_test import cluster_test
from affect_jax.metrics.permutation import compare_means, holm
from affect_jax.report.tables import markdown_table
from benchmarks.group_patterns import measure_types, measure_where
from benchmarks.groups_mne import compare_with_mne
from benchmarks.rendered_groups import HAPPY, KINDS, LEVEL, PERMUTATIONS, WORLDS, Pool, World, draw, draw_people
from benchmarks.shares import exact

OUTPUT = flags.DEFINE_string("output", None, "Folder for the tables.", required=True)
PARTS = flags.DEFINE_list("part", ["false_alarms", "columns", "power", "where", "types"], "Parts to measure.")
REPETITIONS = flags.DEFINE_integer("repetitions", 2000, "Comparisons of equal groups; half as many of others.")
POOL = flags.DEFINE_integer("pool", 2000, "People of each kind out of whom groups are drawn.")

SIZES = ((4, 4), (10, 10), (20, 20), (10, 30))
FACTORS = (0.9, 0.8, 0.7, 0.5)


@functools.cache
def pool(world: World, kind: str, part: int = 0) -> Pool:
    """People of one kind; other parts are other people."""
    return draw_people(range(part * POOL.value, (part + 1) * POOL.value), world, kind)


def frames_p(first: Float[np.ndarray, "first frame"], second: Float[np.ndarray, "second frame"]) -> float:
    """The p value of Welch's t test that takes frames for independent."""
    return float(stats.ttest_ind(first.ravel(), second.ravel(), equal_var=False).pvalue)


def moments_p(first: Float[np.ndarray, "first frame"], second: Float[np.ndarray, "second frame"]) -> float:
    """The smallest p value of Welch's t tests over people at each moment, without any correction."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nanmin(stats.ttest_ind(first, second, equal_var=False).pvalue))


def all_tests(first: Pool, second: Pool, seed: int) -> dict[str, bool]:
    """Which tests call two groups different in how strongly they smile."""
    one, other = first[..., HAPPY], second[..., HAPPY]
    p_values = {
        "means of people": compare_means(one.mean(1), other.mean(1), PERMUTATIONS, seed).p_value(),
        "clusters in time": cluster_test(one, other, PERMUTATIONS, seed).p_value,
        "frames as if independent": frames_p(one, other),
        "each moment, uncorrected": moments_p(one, other),
    }
    return {name: p_value <= LEVEL for name, p_value in p_values.items()}


def measure_false_alarms() -> list[dict]:
    """Equal groups: how often each test calls them different."""
    lines = []
    for world_name, world in WORLDS.items():
        people = pool(world, "absolute")
        for sizes in SIZES:
            hits = {}
            for repetition in range(REPETITIONS.value):
                drawn = draw(people, sum(sizes), np.random.default_rng((repetition, *sizes)))
                for name, hit in all_tests(drawn[: sizes[0]], drawn[sizes[0] :], repetition).items():
                    hits[name] = hits.get(name, 0) + hit
            shown = {f"{name}, %": exact(count, REPETITIONS.value, 1) for name, count in hits.items()}
            lines.append({"people": world_name, "in groups": f"{sizes[0]} + {sizes[1]}", **shown})
    return lines


def measure_columns() -> list[dict]:
    """Equal groups, six emotions at once: how often any of them is called different, with and without Holm."""
    lines = []
    repetitions = REPETITIONS.value // 2
    for kind in KINDS:
        people = pool(WORLDS["film"], kind)
        hits = dict.fromkeys(("means", "means, Holm", "clusters", "clusters, Holm"), 0)
        for repetition in range(repetitions):
            drawn = draw(people, 40, np.random.default_rng((repetition, 6)))
            means, clusters = [], []
            for column in range(drawn.shape[-1]):
                one, other = drawn[:20, :, column], drawn[20:, :, column]
                means.append(compare_means(one.mean(1), other.mean(1), PERMUTATIONS, repetition).p_value())
                clusters.append(cluster_test(one, other, PERMUTATIONS, repetition).p_value)
            for name, p_values in (("means", means), ("clusters", clusters)):
                hits[name] += min(p_values) <= LEVEL
                hits[f"{name}, Holm"] += min(holm(p_values)) <= LEVEL
        shown = {f"{name}, %": exact(count, repetitions, 1) for name, count in hits.items()}
        lines.append({"intensities": kind, **shown})
    return lines


def measure_power() -> list[dict]:
    """A second group that shows less by a factor, in intensities relative to nothing or to each person's maxima."""
    lines = []
    repetitions = REPETITIONS.value // 2
    for kind in KINDS:
        usual = pool(WORLDS["film"], kind)
        for factor in FACTORS:
            less = pool(World(film=True, expressiveness=factor), kind, part=1)
            for size in (10, 20, 40):
                hits = np.zeros(2, int)
                for repetition in range(repetitions):
                    rng = np.random.default_rng((repetition, size, 7))
                    found = all_tests(draw(usual, size, rng), draw(less, size, rng), repetition)
                    hits += [found["means of people"], found["clusters in time"]]
                shown = [exact(int(count), repetitions, 1) for count in hits]
                line = {"intensities": kind, "expressiveness": f"x {factor}", "in each group": size}
                lines.append({**line, "means of people, %": shown[0], "clusters in time, %": shown[1]})
    return lines


def measure_mne() -> list[dict]:
    """Our cluster test beside MNE-Python's, on equal groups."""
    people = pool(WORLDS["film"], "absolute")[..., HAPPY]
    return compare_with_mne(people, REPETITIONS.value // 2, PERMUTATIONS)


MEASURE = {
    "false_alarms": measure_false_alarms,
    "columns": measure_columns,
    "power": measure_power,
    "where": lambda: measure_where(pool, REPETITIONS.value // 2),
    "types": lambda: measure_types(pool, REPETITIONS.value // 10),
    "mne": measure_mne,
}


def main(_: list[str]) -> None:
    """Measures the parts."""
    for part in PARTS.value:
        text = markdown_table(MEASURE[part]())
        print(f"\n## {part}\n\n{text}", flush=True)
        write_bytes(f"{text}\n".encode(), pathlib.Path(OUTPUT.value) / f"{part}.md")


if __name__ == "__main__":
    app.run(main)
