"""A grid of runs, one after another, each in a folder of its own; a second start goes on where the first ended."""

import itertools
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ml_collections
from absl import logging

from affect_jax.experiment.errors import UsageError
from affect_jax.experiment.options import parse
from affect_jax.experiment.training import train
from affect_jax.ops.files import write_csv
from affect_jax.report.tables import text_table
from affect_jax.train.loop import TrainingDiverged

Point = Mapping[str, Any]  # dotted field -> value


def grid(**fields: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination of the values; "__" in a name stands for the dot of a nested field."""
    names = [name.replace("__", ".") for name in fields]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*fields.values())]


def sweep(config: ml_collections.ConfigDict, points: Iterable[Point], workdir: pathlib.Path) -> bool:
    """Trains each point; writes table.csv and prints it. False when a signal cut the sweep short."""
    points = list(points)
    configs = [_at(config, point) for point in points]
    for each in configs:
        parse(each)  # all are checked before the first starts
    rows, failed = [], 0
    for index, (point, each) in enumerate(zip(points, configs, strict=True)):
        folder = workdir / f"{index:03d}"
        logging.info("run %d of %d: %s in %s", index + 1, len(points), dict(point), folder)
        state = "done"
        try:
            if not train(each, folder):
                return False
        except TrainingDiverged as error:
            state, failed = "diverged", failed + 1
            logging.error("%s: %s", folder, error)
        rows.append({"run": folder.name, **point, "state": state, **best_scores(folder, each.loop.best)})
        write_csv(rows, workdir / "table.csv")
    logging.info("%s\n%s", workdir / "table.csv", text_table(rows))
    if failed:
        raise TrainingDiverged(f"{failed} of {len(points)} runs diverged; see the table")
    return True


def best_scores(workdir: pathlib.Path, best: str) -> dict[str, float | int]:
    """The validation scores at the evaluation whose `best` score was best."""
    name, sign = f"validation/{best.removeprefix('-')}", -1 if best.startswith("-") else 1
    path = workdir / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    scored = [line for line in lines if name in line]
    if not scored:
        return {}
    top = max(scored, key=lambda line: sign * line[name])
    return {"step": top["step"], **{key: value for key, value in top.items() if key.startswith("validation/")}}


def _at(config: ml_collections.ConfigDict, point: Point) -> ml_collections.ConfigDict:
    made = config.copy_and_resolve_references()
    try:
        made.update_from_flattened_dict(dict(point))
    except (KeyError, TypeError) as error:
        raise UsageError(f"sweep point {dict(point)}: {error.args[0]}") from error
    return made
