"""Drift through a trained network: rendered people whose faces show less from a known day on, evaluated day by day."""

import csv
import datetime
import pathlib
import shutil
from collections.abc import Sequence

import numpy as np

from affect_jax.experiment.drift import Given, run_baseline, run_drift
from affect_jax.experiment.evaluate import evaluate_run
from affect_jax.files.atomic import write_csv

PEOPLE, CLIPS, FRAMES, FPS = 6, 4, 48, 4  # 48 s a day
BASELINE, USUAL, LATER = 8, 4, 5  # days
FACTOR = 0.6  # of expressiveness on the later days
FIRST = datetime.date(2026, 3, 1)


def evaluate_days(workdir: pathlib.Path, folder: pathlib.Path, days: range, expressiveness: float) -> list:
    """The tables of some days of all people, in a folder per day, out of one evaluation."""
    settings = [
        "kind=clips",
        f"subjects={PEOPLE}",
        f"per_subject={len(days) * CLIPS}",
        f"first={days[0] * CLIPS}",
        f"frames={FRAMES}",
        f"fps={FPS}",
        f"expressiveness={expressiveness}",
    ]
    whole = folder / "whole" / "predictions.csv"
    if not whole.exists():
        evaluate_run(workdir, "rendered", "", "test", settings, output=whole.parent)
    return [_write_day(whole, folder, day) for day in days]


def _write_day(whole: pathlib.Path, folder: pathlib.Path, day: int) -> pathlib.Path:
    """The rows of one day as a table of their own."""
    place = folder / (FIRST + datetime.timedelta(days=day)).isoformat()
    place.mkdir(exist_ok=True)
    with whole.open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["clip"].rpartition("_")[2]) // CLIPS == day]
    write_csv(rows, place / whole.name)
    shutil.copy(whole.with_suffix(".schema.json"), place)
    return place / whole.name


def measure_network(workdir: pathlib.Path, output: pathlib.Path) -> list[dict]:
    """One line for the people who change and one for the same people if they do not."""
    everyday, changed = output / "days", output / "changed"
    usual = evaluate_days(workdir, everyday, range(BASELINE + USUAL + LATER), 1.0)
    later = evaluate_days(workdir, changed, range(BASELINE + USUAL, BASELINE + USUAL + LATER), FACTOR)
    persons = output / "persons"
    kinds = {"no change": usual[BASELINE:], f"x {FACTOR} after {USUAL} days": usual[BASELINE:-LATER] + later}
    found = {kind: [] for kind in kinds}
    for number in range(PEOPLE):
        person = f"subject_{number:03d}"
        run_baseline(Given(tuple(usual[:BASELINE])), person, persons)
        for place, (kind, tables) in enumerate(kinds.items()):
            folder = output / f"drift_{place}" / person
            run_drift(Given(tuple(tables)), person, persons, folder)
            with (folder / "drift.csv").open() as file:
                found[kind].append(list(csv.DictReader(file)))
    shutil.copy(output / "drift_1" / "subject_000" / "drift.png", output / "drift.png")
    return [_line(kind, rows) for kind, rows in found.items()]


def _line(kind: str, people: Sequence[Sequence[dict]]) -> dict:
    array = lambda name: np.array([[float(row[name]) for row in rows] for rows in people])
    ratio, alarm, single = np.log(array("ratio")), array("alarm"), array("alarm_day")
    soon = alarm[:, USUAL : USUAL + 3].any(1)
    return {
        "people": kind,
        "ratio on the last days": f"{np.exp(ratio[:, USUAL:].mean()):.3f}",
        "spread of usual days, %": f"{100 * np.sqrt(ratio[:, :USUAL].var(1, ddof=1).mean()):.1f}",
        "alarms on the first days": f"{int(alarm[:, :USUAL].sum())} of {alarm[:, :USUAL].size}",
        "unusual days among the last": f"{int(single[:, USUAL:].sum())} of {single[:, USUAL:].size}",
        "people with an alarm within 3 of the last days": f"{int(soon.sum())} of {PEOPLE}",
        f"within {LATER}": f"{int(alarm[:, USUAL:].any(1).sum())} of {PEOPLE}",
    }
