"""The tables of a sweep, made from the folders of its runs: table.csv, table.md, and seeds.csv over seeds."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from affect_jax.experiment import costs
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.config.space import Point
from affect_jax.experiment.study.plan import LABEL, Plan
from affect_jax.experiment.study.scores import best_scores
from affect_jax.experiment.study.trial import DONE, SUMMARY, Trial
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.files.json_files import read_object
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.report.seeds import SEED, aggregate_seeds
from affect_jax.report.tables import markdown_table, text_table

TABLE, MARKDOWN, SEEDS = "table.csv", "table.md", "seeds.csv"
ERROR = "error"


def write_tables(plan: Plan, trials: Sequence[Trial], workdir: pathlib.Path) -> list[dict[str, Any]]:
    """Writes and logs the tables; returns the rows of the first, one for each trial.

    The row of a trial has its point, state, scores and costs, and the error of one that failed. Scores are those of the
    best checkpoint during training or, with a final evaluation, those on its data set.
    """
    known: dict[str, dict[str, int]] = {}
    rows = [_row(plan, trial, known) for trial in trials]
    write_csv(rows, workdir / TABLE)
    short = [_headline(row, plan) for row in rows]
    with open_atomically(workdir / MARKDOWN) as file:
        file.write(markdown_table(short) + "\n")
    logging.info("%s\n%s", workdir / TABLE, text_table(short))
    write_seeds(rows, [trial.point for trial in trials], workdir / SEEDS)
    return rows


def _row(plan: Plan, trial: Trial, known: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The row of a trial; `known` holds the costs of networks that were counted, which takes seconds for each."""
    options, outcome = plan.options_at(trial.point, trial.workdir), trial.outcome()
    row = {"run": trial.name, **trial.point, "state": trial.state}
    row |= _scores(plan, trial, options)
    network = repr((options.model_name, options.model, options.label_set, options.data.frames))
    if network not in known:
        known[network] = costs.network_costs(options)
    row |= known[network]
    return {**row, ERROR: outcome.error} if outcome is not None and outcome.error else row


def _scores(plan: Plan, trial: Trial, options: Options) -> dict[str, float | int]:
    if plan.final is None or trial.state != DONE:
        return best_scores(trial.folder, options)
    result = read_object(trial.folder / SUMMARY, "remove it and run the same command again")
    return {"step": result["conditions"]["checkpoint_step"], **result["scores"]}


def _headline(row: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The columns of a row that fit on a page: the point, the state, the main scores, and an error."""
    main = {score for each in QUANTITIES.values() for score in each.headline}
    chosen = {"run", LABEL, *plan.fields, "state", "step", ERROR}
    return {name: value for name, value in row.items() if name in chosen or {name, name.partition("/")[2]} & main}


def write_seeds(rows: Sequence[Mapping[str, Any]], points: Sequence[Point], path: pathlib.Path) -> None:
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
