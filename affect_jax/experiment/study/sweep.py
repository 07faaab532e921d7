"""Trains a grid of runs one after another, each in its own folder; a second start resumes where the first ended."""

import csv
import dataclasses
import itertools
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ml_collections
from absl import logging

from affect_jax.experiment import costs
from affect_jax.experiment.config.claim import read_options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.hold import hold
from affect_jax.experiment.config.options import Options, parse
from affect_jax.experiment.evaluate import conditions_of, evaluate_run, evaluation_source, require_same_conditions
from affect_jax.experiment.train import train
from affect_jax.files.atomic import write_csv
from affect_jax.files.disk import require_writable
from affect_jax.files.json_files import read_object, read_objects
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.report.seeds import SEED, aggregate_seeds
from affect_jax.report.tables import text_table
from affect_jax.train.guard import TrainingDiverged

Point = Mapping[str, Any]  # dotted option -> value
LABEL = "label"
EVALUATION = "sweep"  # folder of a run's final evaluation, under its evaluation/


def grid(**fields: Sequence[Any]) -> list[dict[str, Any]]:
    """Every combination of the values; "__" in a name stands for the dot of a nested option."""
    names = [name.replace("__", ".") for name in fields]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*fields.values())]


@dataclasses.dataclass(frozen=True)
class FinalEvaluation:
    """The data set that every finished run is evaluated on; see `evaluate.evaluate_run`."""

    data: str
    root: str = ""
    split: str = "test"
    settings: Sequence[str] = ()


def sweep(
    config: ml_collections.ConfigDict,
    points: Iterable[Point],
    workdir: pathlib.Path,
    final: FinalEvaluation | None = None,
) -> bool:
    """Trains each point; writes and logs table.csv and seeds.csv. False if a signal stopped the sweep.

    The tables also list the costs of each network. A point's "label" names it there, and "{sweep}" in a string stands
    for `workdir`, so that a run can start from an earlier one. Scores are those of the best checkpoint during training
    or, with `final`, those on its data set.
    """
    points = list(points)
    if not points:
        raise UsageError("the sweep has no points; there is nothing to train")
    configs = [_config_at(config, point, workdir) for point in points]
    parsed = [parse(each) for each in configs]  # checks every point before the first run starts
    require_writable(workdir)
    with hold(workdir):
        return _run_points(points, configs, parsed, workdir, final)


def _run_points(
    points: Sequence[Point],
    configs: Sequence[ml_collections.ConfigDict],
    parsed: Sequence[Options],
    workdir: pathlib.Path,
    final: FinalEvaluation | None,
) -> bool:
    """Trains and evaluates each point, and writes the tables; False if a signal stopped the sweep."""
    rows, diverged = [], 0
    previous = _read_rows(workdir / "table.csv")
    for index, (point, each) in enumerate(zip(points, configs, strict=True)):
        folder = workdir / f"{index:03d}"
        logging.info("run %d of %d: %s in %s", index + 1, len(points), dict(point), folder)
        state = _train(each, folder)
        if state == "stopped":
            return False
        diverged += state == "diverged"
        if final is None or state != "done":
            scores = best_scores(folder, parsed[index])
        else:
            scores = _evaluate(folder, final)
        rows.append({"run": folder.name, **point, "state": state, **scores, **costs.network_costs(parsed[index])})
        later = previous[len(rows) : len(points)]  # a second start keeps the rows of runs it has not reached
        write_csv(rows + later, workdir / "table.csv")
    logging.info("%s\n%s", workdir / "table.csv", text_table(rows))
    _write_seeds(rows, points, workdir / "seeds.csv")
    if diverged:
        raise TrainingDiverged(f"{diverged} of {len(points)} runs diverged; see the table")
    return True


def _train(config: ml_collections.ConfigDict, folder: pathlib.Path) -> str:
    """Trains one point; returns "done", "diverged", or "stopped" if a signal did."""
    try:
        return "done" if train(config, folder) else "stopped"
    except TrainingDiverged as error:
        logging.error("%s: %s", folder, error)
        return "diverged"


def _read_rows(table: pathlib.Path) -> list[dict[str, Any]]:
    if not table.is_file():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_seeds(rows: list[dict[str, Any]], points: Sequence[Point], path: pathlib.Path) -> None:
    """Writes the table over seeds, if the points differ in them."""
    if len({point.get(SEED) for point in points}) < 2:
        return
    settings = [name for name in _names(points) if name != SEED]
    if all(LABEL in point for point in points):
        settings = [LABEL, *(name for name in settings if name != LABEL and _distinguishes(points, name))]
    headline = {score for each in QUANTITIES.values() for score in each.headline}
    scores = [name for name in _names(rows) if {name, name.partition("/")[2]} & headline]
    lines = aggregate_seeds(rows, [*settings, PARAMETERS, FLOPS], scores)
    write_csv(lines, path)
    logging.info("%s: mean and 95 %% interval over seeds, difference by seed\n%s", path, text_table(lines))


def _distinguishes(points: Sequence[Point], name: str) -> bool:
    """Whether runs with the same label differ in an option, in the same way for every seed."""
    values: dict[tuple, set] = {}
    for point in points:
        values.setdefault((point[LABEL], point.get(SEED)), set()).add(str(point.get(name)))
    by_label: dict[str, list[set]] = {}
    for (label, _), of_seed in values.items():
        by_label.setdefault(label, []).append(of_seed)
    same_for_all_seeds = all(each.count(each[0]) == len(each) for each in by_label.values())
    return same_for_all_seeds and any(len(each[0]) > 1 for each in by_label.values())


def _names(dicts: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for each in dicts for name in each))


def _evaluate(folder: pathlib.Path, final: FinalEvaluation) -> dict[str, float | int]:
    """The final scores of a run, read from its summary if it has already been evaluated."""
    summary = folder / "evaluation" / EVALUATION / "summary.json"
    run = read_options(folder)
    part = evaluation_source(run, final.data, final.root, final.split, final.settings)
    require_same_conditions(summary.parent, conditions_of(run, part, flip=(), step=0))
    if not summary.is_file():
        evaluate_run(folder, final.data, final.root, final.split, final.settings, (), EVALUATION)
    result = read_object(summary, "remove it and run the same command again")
    return {"step": result["conditions"]["checkpoint_step"], **result["scores"]}


def best_scores(workdir: pathlib.Path, run: Options) -> dict[str, float | int]:
    """The scores of all evaluations at the step with the best `train.best` score."""
    name = run.train.best.removeprefix("-")
    sign = -1 if run.train.best.startswith("-") else 1
    path = workdir / "metrics.jsonl"
    lines = read_objects(path, "step") if path.exists() else []
    scored = [line for line in lines if name in line]
    if not scored:
        return {}
    best = max(scored, key=lambda line: sign * line[name])
    scores = {key: value for key, value in best.items() if key.partition("/")[0] in run.evaluations}
    return {"step": best["step"], **scores}


def _config_at(config: ml_collections.ConfigDict, point: Point, workdir: pathlib.Path) -> ml_collections.ConfigDict:
    """The config of a point."""
    changed = config.copy_and_resolve_references()
    resolve = lambda value: value.replace("{sweep}", str(workdir)) if isinstance(value, str) else value
    try:
        changed.update_from_flattened_dict({name: resolve(value) for name, value in point.items() if name != LABEL})
    except (KeyError, TypeError) as error:
        raise UsageError(f"sweep point {dict(point)}: {error.args[0]}") from error
    return changed
