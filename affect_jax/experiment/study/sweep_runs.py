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
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import typed
from affect_jax.experiment.study.sweep import LABEL
from affect_jax.infer.costs import FLOPS, PARAMETERS
from affect_jax.report.sections.comparison import ALL, Run
from affect_jax.report.sections.curves import read_metrics
from affect_jax.report.seeds import SEED

FIRST_PHASE = ", first phase"  # ends the label of a run that only prepares another one
ORIGIN, WITHIN = "initialize.workdir", "{sweep}/"  # where a run starts from; an earlier run of its sweep
FOLD = re.compile(r"(data\.train\.\w+\.fold)\.(index|of|complement)")  # a column of a data set's fold
PLACE = "folder"  # of a run, beside its row
NO_SCORES = ("run", LABEL, SEED, "state", "step", PARAMETERS, FLOPS)
Row = Mapping[str, str]
Tables = Mapping[pathlib.Path, Sequence[Row]]


def read_tables(sweeps: Sequence[pathlib.Path]) -> dict[pathlib.Path, list[Row]]:
    """The rows of each sweep's table.csv."""
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
                raise UsageError(f"{path} has no column '{name}'; compared are sweeps of labeled runs over seeds")
    return tables


def score_column(tables: Tables, score: str) -> str:
    """The score on the sweeps' own data set where all were judged on one, else that of the validation."""
    validation = f"validation/{score}"
    for name in (score, validation):
        if all(name in row for rows in tables.values() for row in rows):
            return name
    folder, row = next((folder, rows[0]) for folder, rows in tables.items() if rows and score not in rows[0])
    start = f"--score={score}: {folder}/table.csv has no such column; "
    if validation in row:
        raise UsageError(f"{start}judge its runs as those of the other sweeps: launch.sweep with --data, once more")
    known = [name for name, cell in row.items() if name not in NO_SCORES and "." not in name and _is_number(cell)]
    raise UsageError(f"{start}its scores are {', '.join(known)}")


def read_runs(tables: Tables, column: str, score: str) -> list[tuple[Run, Row]]:
    """The finished runs of all sweeps with their rows; first phases count for what follows, diverged runs are left out.

    Only runs on all clips have their course of validation scores.
    """
    found, places = [], {}
    for folder, rows in tables.items():
        by_name = {row["run"]: row for row in rows}
        for row in rows:
            if row[LABEL].endswith(FIRST_PHASE) or not _scored(row, column, folder):
                continue
            place = folder / row["run"]
            share = share_of(row, f"{folder}/table.csv, run {row['run']}")
            key = (row[LABEL], row[SEED], share)
            if key in places:
                which = f"'{row[LABEL]}', seed {row[SEED]}, with {'all' if share == ALL else share} of the clips"
                raise UsageError(f"{places[key]} and {place} are both {which}; name each sweep once, or rename one")
            places[key] = place
            course = course_of(row, by_name, folder, f"validation/{score}") if share == ALL else {}
            found.append((Run(row[LABEL], row[SEED], share, float(row[column]), course), {**row, PLACE: str(place)}))
    return found


def _scored(row: Row, column: str, folder: pathlib.Path) -> bool:
    if row["state"] == "done" and _is_number(row[column]):
        return True
    what = "has no score" if row["state"] == "done" else row["state"]
    logging.warning("%s/%s, '%s', seed %s: %s; it is left out", folder, row["run"], row[LABEL], row[SEED], what)
    return False


def _is_number(cell: str | None) -> bool:
    try:
        return math.isfinite(float(cell or "nan"))
    except ValueError:
        return False


def share_of(row: Row, place: str) -> Fraction:
    """Which share of the clips the folds of a run leave: 1/16 for one of 16 folds, 4/5 for all but one of 5.

    UsageError where its data sets have different shares.
    """
    folds: dict[str, dict[str, Any]] = {}
    for name, cell in row.items():
        if (column := FOLD.fullmatch(name)) and cell:
            folds.setdefault(column[1], {})[column[2]] = _cell(cell)
    shares = set()
    for name, options in folds.items():
        fold = typed(FoldConfig, options, f"{place}: {name}")
        share = Fraction(1, fold.of)
        shares.add(ALL - share if fold.complement else share)
    if len(shares) > 1:
        raise UsageError(f"{place} has different shares of its data sets: {', '.join(map(str, sorted(shares)))}")
    return shares.pop() if shares else ALL


def _cell(text: str) -> Any:
    """A number or a truth value as the csv module wrote it; anything else stays text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def course_of(row: Row, by_name: Mapping[str, Row], folder: pathlib.Path, quantity: str) -> dict[int, float]:
    """The validation score after so many steps; all steps of a first phase count, also those past its best one."""
    course, before = {}, 0
    for phase in _phases(row, by_name, folder):
        path = folder / phase["run"] / "metrics.jsonl"
        if not path.is_file():
            raise UsageError(f"{path} is missing; the folders of the runs must lie beside {folder}/table.csv")
        found = read_metrics(path)
        if quantity not in found:
            raise UsageError(f"{path} has no '{quantity}'; it has {', '.join(found)}")
        course |= {before + int(step): float(value) for step, value in zip(*found[quantity], strict=True)}
        before += max(int(steps.max()) for steps, _ in found.values())
    return course


def _phases(row: Row, by_name: Mapping[str, Row], folder: pathlib.Path) -> list[Row]:
    """The run and the first phases before it, in the order in which they were trained."""
    origin = row.get(ORIGIN) or ""
    if not origin.startswith(WITHIN):
        return [row]
    before = by_name.get(origin.removeprefix(WITHIN))
    if before is None:
        raise UsageError(f"{folder}/table.csv, run {row['run']} starts from {origin}, which is not in the table")
    return [*_phases(before, by_name, folder), row] if before[LABEL].endswith(FIRST_PHASE) else [row]
