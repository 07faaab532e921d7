"""The runs of finished sweeps, read back from their tables and journals."""

import ast
import csv
import math
import pathlib
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from absl import logging

from affect_jax.data.folds import FoldConfig
from affect_jax.experiment.config.claim import read_options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import typed
from affect_jax.experiment.study.plan import LABEL
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.report.sections.comparison import ALL, Run
from affect_jax.report.sections.curves import read_metrics
from affect_jax.report.seeds import SEED

FIRST_PHASE = ", first phase"  # suffix of the label of a run that only prepares another one
ORIGIN = "initialize.workdir"  # where a run starts from
WITHIN = "{sweep}/"  # prefix of an earlier run of the same sweep
FOLD = re.compile(r"(data\.train\.\w+\.fold)\.(index|of|complement)")  # column of an option of a data set's fold
PLACE = "folder"  # key of a run's folder, added to its row
NO_SCORES = ("run", LABEL, SEED, "state", "step", PARAMETERS, FLOPS)
Row = Mapping[str, str]
Tables = Mapping[pathlib.Path, Sequence[Row]]


def read_tables(sweeps: Sequence[pathlib.Path]) -> dict[pathlib.Path, list[Row]]:
    """Reads the rows of each sweep's table.csv."""
    tables = {}
    for folder in sweeps:
        path = folder / "table.csv"
        if not path.is_file():
            raise UsageError(f"{folder} holds no table.csv; run python -m launch.sweep --workdir={folder} first")
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            tables[folder] = list(reader)
        for name in ("run", LABEL, SEED, "state"):
            if name not in (reader.fieldnames or ()):
                raise UsageError(
                    f"{path} has no column '{name}'; only sweeps of labeled runs over seeds can be compared"
                )
    return tables


def selecting_evaluation(tables: Tables) -> str:
    """The evaluation whose score selected the checkpoints of all runs; UsageError if they differ in it."""
    places: dict[str, pathlib.Path] = {}
    for folder, rows in tables.items():
        for row in rows:
            place = folder / row["run"]
            places.setdefault(read_options(place).train.best_evaluation, place)
    if not places:
        raise UsageError(f"no run in {', '.join(map(str, tables))}; there is nothing to compare")
    if len(places) > 1:
        listed = ", ".join(f"{place} by '{name}'" for name, place in places.items())
        raise UsageError(f"the checkpoints were selected by different evaluations: {listed}; compare sweeps of one")
    return next(iter(places))


def score_column(tables: Tables, in_training: str) -> str:
    """The column of the final evaluation if all sweeps have one, else `in_training`, such as "validation/ccc/mean"."""
    score = in_training.partition("/")[2]
    for name in (score, in_training):
        if all(name in row for rows in tables.values() for row in rows):
            return name
    lacking = [(folder, rows[0]) for folder, rows in tables.items() if rows and score not in rows[0]]
    folder, row = lacking[0]
    start = f"--score={score}: {folder}/table.csv has no such column; "
    if in_training in row:
        raise UsageError(f"{start}evaluate its runs like those of the other sweeps: run launch.sweep again with --data")
    scores = [name for name, cell in row.items() if name not in NO_SCORES and "." not in name and _is_number(cell)]
    raise UsageError(f"{start}its scores are {', '.join(scores)}")


def read_runs(tables: Tables, column: str, in_training: str) -> list[tuple[Run, Row]]:
    """The finished runs of all sweeps with their rows, without diverged runs and first phases.

    First phases count as part of the runs that follow them. Only runs on all clips get their learning curve,
    of the score `in_training`.
    """
    runs, places = [], {}
    for folder, rows in tables.items():
        by_name = {row["run"]: row for row in rows}
        for row in rows:
            if row[LABEL].endswith(FIRST_PHASE) or not _scored(row, column, folder):
                continue
            place = folder / row["run"]
            share = clip_share(row, f"{folder}/table.csv, run {row['run']}")
            key = (row[LABEL], row[SEED], share)
            if key in places:
                which = f"'{row[LABEL]}', seed {row[SEED]}, with {'all' if share == ALL else share} of the clips"
                raise UsageError(f"{places[key]} and {place} are both {which}; name each sweep once, or rename one")
            places[key] = place
            curve = learning_curve(row, by_name, folder, in_training) if share == ALL else {}
            run = Run(row[LABEL], row[SEED], share, float(row[column]), curve)
            runs.append((run, {**row, PLACE: str(place)}))
    return runs


def _scored(row: Row, column: str, folder: pathlib.Path) -> bool:
    """Whether a run is finished and has the score; warns if not."""
    if row["state"] == "done" and _is_number(row[column]):
        return True
    reason = "has no score" if row["state"] == "done" else row["state"]
    logging.warning("%s/%s, '%s', seed %s: %s; it is left out", folder, row["run"], row[LABEL], row[SEED], reason)
    return False


def _is_number(cell: str | None) -> bool:
    try:
        return math.isfinite(float(cell or "nan"))
    except ValueError:
        return False


def clip_share(row: Row, place: str) -> Fraction:
    """The fraction of the clips that a run's folds select: 1/16 for one of 16 folds, 4/5 for all but one of 5.

    UsageError if the fractions of its data sets differ.
    """
    folds: dict[str, dict[str, Any]] = {}
    for name, cell in row.items():
        if (column := FOLD.fullmatch(name)) and cell:
            folds.setdefault(column[1], {})[column[2]] = _parse_cell(cell)
    shares = set()
    for name, options in folds.items():
        fold = typed(FoldConfig, options, f"{place}: {name}")
        share = Fraction(1, fold.of)
        shares.add(ALL - share if fold.complement else share)
    if len(shares) > 1:
        raise UsageError(f"{place} uses different fractions of its data sets: {', '.join(map(str, sorted(shares)))}")
    return shares.pop() if shares else ALL


def _parse_cell(text: str) -> Any:
    """Parses a number or Boolean written by the csv module; anything else remains a string."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def learning_curve(row: Row, by_name: Mapping[str, Row], folder: pathlib.Path, score: str) -> dict[int, float]:
    """A score during training by step; all steps of a first phase count, even those after its best checkpoint."""
    curve: dict[int, float] = {}
    offset = 0
    for phase in _phases(row, by_name, folder):
        path = folder / phase["run"] / "metrics.jsonl"
        if not path.is_file():
            raise UsageError(f"{path} is missing; the folders of the runs must be next to {folder}/table.csv")
        metrics = read_metrics(path)
        if score not in metrics:
            raise UsageError(f"{path} has no '{score}'; it has {', '.join(metrics)}")
        curve |= {offset + int(step): float(value) for step, value in zip(*metrics[score], strict=True)}
        offset += max(int(steps.max()) for steps, _ in metrics.values())
    return curve


def _phases(row: Row, by_name: Mapping[str, Row], folder: pathlib.Path) -> list[Row]:
    """The run and the first phases before it, in training order."""
    origin = row.get(ORIGIN) or ""
    if not origin.startswith(WITHIN):
        return [row]
    previous = by_name.get(origin.removeprefix(WITHIN))
    if previous is None:
        raise UsageError(f"{folder}/table.csv, run {row['run']} starts from {origin}, which is not in the table")
    if not previous[LABEL].endswith(FIRST_PHASE):
        return [row]
    return _phases(previous, by_name, folder) + [row]
