"""How many training windows end at each level of an intensity: whether what lies between neutral and full is rare."""

import pathlib

import numpy as np
from jaxtyping import Int

from affect_jax.data.source import as_table
from affect_jax.data.transitions import graded, level_counts
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Config, Options, parse
from affect_jax.experiment.data import open_training_source, training_windows
from affect_jax.files.atomic import write_csv
from affect_jax.files.disk import require_writable
from affect_jax.quantities.registry import in_order
from affect_jax.report.levels import draw_levels, share_between
from affect_jax.report.tables import text_table

TABLE, PLOT = "levels.csv", "levels.png"


def run_levels(config: Config, output: pathlib.Path) -> str:
    """Counts the training windows of a config; writes levels.csv and levels.png, and returns a table as text.

    Regular windows are those without `data.windows.transitions`. UsageError for a config without clips, or without
    labels of an intensity that its network predicts.
    """
    options = parse(config)
    if not options.data.frames:
        raise UsageError("data.frames is 0, so this run has no windows; give the config of a network of clips")
    require_writable(output, remedy="choose another folder with --output")
    counts = count_levels(options, output)
    if not counts:
        raise UsageError("the training data have no labels of an intensity that the network predicts")
    output.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, (regular, added) in counts.items():
        for level in range(len(regular)):
            row = {"quantity": name, "level": level, "regular": int(regular[level]), "added": int(added[level])}
            rows.append(row)
    write_csv(rows, output / TABLE)
    draw_levels(counts, output / PLOT)
    return text_table([_line(name, *of_quantity) for name, of_quantity in counts.items()])


def count_levels(options: Options, folder: pathlib.Path) -> dict[str, Int[np.ndarray, "2 level"]]:
    """Counts of regular and of added windows by level, for each quantity; rows skipped by readers go to the folder."""
    counts: dict[str, Int[np.ndarray, "2 level"]] = {}
    for part in open_training_source(options, folder).parts:
        table = as_table(part.examples)
        quantities = graded(table, options.contract.predicts)
        if not quantities:
            continue
        windows = training_windows(options, part)
        ends = windows.units()[:, -1]
        for each in quantities:
            found = [
                level_counts(table, each, ends[: windows.regular]),
                level_counts(table, each, ends[windows.regular :]),
            ]
            counts[each.name] = counts.get(each.name, 0) + np.stack(found)
    return {each.name: counts[each.name] for each in in_order(counts)}


def _line(name: str, regular: Int[np.ndarray, "level"], added: Int[np.ndarray, "level"]) -> dict[str, object]:
    return {
        "quantity": name,
        "regular": int(regular.sum()),
        "added": int(added.sum()),
        "between, regular": share_between(name, regular),
        "between, all": share_between(name, regular + added),
    }
