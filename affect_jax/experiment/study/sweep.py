"""A grid of runs, one after another, each in a folder of its own; a second start goes on where the first ended."""

import csv
import dataclasses
import itertools
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ml_collections
from absl import logging

from affect_jax.experiment import costs
from affect_jax.experiment.config.claim import stored
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options, parse
from affect_jax.experiment.evaluate import evaluate_run, require_same, source_of, under
from affect_jax.experiment.train import train
from affect_jax.files.atomic import write_csv
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.report.seeds import SEED, aggregate_seeds
from affect_jax.report.tables import text_table
from affect_jax.train.loop import TrainingDiverged

Point = Mapping[str, Any]  # dotted field -> value
LABEL = "label"
JUDGED = "sweep"  # folder of a run's scores, under its evaluation/


def grid(**fields: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination of the values; "__" in a name stands for the dot of a nested field."""
    names = [name.replace("__", ".") for name in fields]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*fields.values())]


@dataclasses.dataclass(frozen=True)
class Judge:
    """The data set that every finished run is scored on; see `evaluation.evaluate_run`."""

    data: str
    root: str = ""
    split: str = "test"
    settings: Sequence[str] = ()


def sweep(
    config: ml_collections.ConfigDict, points: Iterable[Point], workdir: pathlib.Path, judge: Judge | None = None
) -> bool:
    """Trains each point; writes table.csv and seeds.csv and prints them. False when a signal cut the sweep short.

    The tables also hold what each network costs. A point's "label" names it there, and "{sweep}" in a text stands for
    `workdir`, so that a run can start from an earlier one. Scores are those of the best validation or, with a `judge`,
    those on its data set.
    """
    points = list(points)
    configs = [_at(config, point, workdir) for point in points]
    parsed = [parse(each) for each in configs]  # all are checked before the first starts
    rows, before, failed = [], _rows_of(workdir / "table.csv"), 0
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
        scores = best_scores(folder, parsed[index]) if judge is None or state != "done" else _judged(folder, judge)
        rows.append({"run": folder.name, **point, "state": state, **scores, **costs.of_run(parsed[index])})
        write_csv([*rows, *before[len(rows) : len(points)]], workdir / "table.csv")  # a second start takes nothing away
    logging.info("%s\n%s", workdir / "table.csv", text_table(rows))
    _write_seeds(rows, points, workdir / "seeds.csv")
    if failed:
        raise TrainingDiverged(f"{failed} of {len(points)} runs diverged; see the table")
    return True


def _rows_of(table: pathlib.Path) -> list[dict[str, Any]]:
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_seeds(rows: list[dict[str, Any]], points: Sequence[Point], path: pathlib.Path) -> None:
    """The table over seeds, where the points differ in them."""
    if len({point.get(SEED) for point in points}) < 2:
        return
    settings = [n for n in _names(points) if n != SEED]
    if all(LABEL in point for point in points):
        settings = [LABEL, *(name for name in settings if name != LABEL and _tells_apart(points, name))]
    headline = {score for each in QUANTITIES.values() for score in each.headline}
    scores = [name for name in _names(rows) if {name, name.partition("/")[2]} & headline]
    lines = aggregate_seeds(rows, [*settings, PARAMETERS, FLOPS], scores)
    write_csv(lines, path)
    logging.info("%s: mean and 95 %% interval over seeds, difference by seed\n%s", path, text_table(lines))


def _tells_apart(points: Sequence[Point], name: str) -> bool:
    """Whether runs of one label differ in an option, in the same way for every seed."""
    values: dict[tuple, set] = {}
    for point in points:
        values.setdefault((point[LABEL], point.get(SEED)), set()).add(str(point.get(name)))
    by_label = {label: [found for (other, _), found in values.items() if other == label] for label, _ in values}
    alike = all(found == each[0] for each in by_label.values() for found in each)
    return alike and any(len(each[0]) > 1 for each in by_label.values())


def _names(dicts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for each in dicts for name in each))


def _judged(folder: pathlib.Path, judge: Judge) -> dict[str, float | int]:
    """The scores of a finished run; taken from its summary where it has been judged so before."""
    summary = folder / "evaluation" / JUDGED / "summary.json"
    run = stored(folder)
    part = source_of(run, judge.data, judge.root, judge.split, judge.settings)
    require_same(summary.parent, under(run, part, flip=False, step=0))
    if not summary.is_file():
        evaluate_run(folder, judge.data, judge.root, judge.split, judge.settings, False, JUDGED)
    found = json.loads(summary.read_text())
    return {"step": found["conditions"]["checkpoint_step"], **found["scores"]}


def best_scores(workdir: pathlib.Path, run: Options) -> dict[str, float | int]:
    """The scores of all evaluations at the step whose `train.best` score was best."""
    name, sign = run.train.best.removeprefix("-"), -1 if run.train.best.startswith("-") else 1
    path = workdir / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    scored = [line for line in lines if name in line]
    if not scored:
        return {}
    top = max(scored, key=lambda line: sign * line[name])
    scores = {key: value for key, value in top.items() if key.partition("/")[0] in run.evaluations}
    return {"step": top["step"], **scores}


def _at(config: ml_collections.ConfigDict, point: Point, workdir: pathlib.Path) -> ml_collections.ConfigDict:
    made = config.copy_and_resolve_references()
    place = lambda value: value.replace("{sweep}", str(workdir)) if isinstance(value, str) else value
    try:
        made.update_from_flattened_dict({name: place(value) for name, value in point.items() if name != LABEL})
    except (KeyError, TypeError) as error:
        raise UsageError(f"sweep point {dict(point)}: {error.args[0]}") from error
    return made
