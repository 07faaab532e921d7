"""A person's baseline of daily expressiveness, and the deviations of later days from it."""

import dataclasses
import pathlib
from collections.abc import Sequence

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.given_tables import read_choice, read_places
from affect_jax.files.atomic import open_atomically, write_csv
from affect_jax.files.disk import require_writable
from affect_jax.personal.baseline import (
    WARNING,
    Baseline,
    Day,
    baseline_path,
    make_baseline,
    measure_day,
    outliers,
    read_baseline,
    require_same_network,
    write_baseline,
)
from affect_jax.personal.control_chart import limit_for
from affect_jax.personal.drift import RATE, RATES, Deviation, deviations
from affect_jax.report.drift import draw_drift
from affect_jax.report.tables import markdown_table, text_table
from affect_jax.tables.days import days_of, find_tables, predicted_with
from affect_jax.tables.person_rows import Face, Recorded, read_days
from affect_jax.tables.writing import cell

GOOD_DAYS = 10  # from here on, single days can be told from chance unless they differ little
SHOWN = ("day", "seconds", "expressiveness", "ratio", "low", "high", "p_value", "alarm_day", "alarm_lasting", "problem")


@dataclasses.dataclass(frozen=True)
class Given:
    """The tables of a person's days, as given on the command line."""

    tables: tuple[pathlib.Path, ...]  # files, or folders with tables
    days: tuple[str, ...] = ()  # of each table; by default from the tables
    face: str = ""  # its number in all tables, or "all"; by default the most frequent one of each recording

    @property
    def choice(self) -> Face:
        """The choice of faces; UsageError if it is none."""
        return read_choice(self.face)

    @classmethod
    def read(cls, tables: Sequence[str], days: Sequence[str], face: str) -> "Given":
        """Reads the values of the flags; UsageError names the one that is wrong."""
        places = read_places(tables)
        if unclear := [day for day in days if not day.strip() or not day.isprintable()]:
            raise UsageError(f"--days holds {unclear[0]!r}; give one day for each table, such as 2026-03-01")
        given = cls(places, tuple(days), face)
        _ = given.choice
        return given


def run_baseline(given: Given, person: str, folder: pathlib.Path) -> str:
    """Writes the baseline of a person to FOLDER/PERSON.baseline.json; returns what to know about it as text."""
    path = _path(folder, person)
    require_writable(folder, remedy="choose another folder with --persons")
    tables = find_tables(given.tables)
    recorded = read_days(tables, days_of(tables, given.days), person, given.choice)
    days = [measure_day(each.day, each.valence_arousal, each.seconds) for each in recorded]
    baseline = make_baseline(person, _measured_with(tables[0], recorded[0]), days)
    _require_same(baseline, tables, recorded)
    _warn(baseline, days)
    if path.exists():
        logging.warning("%s is replaced", path)
    write_baseline(baseline, folder)
    shown = [{"day": day.day, "seconds": round(day.seconds, 1), "expressiveness": day.expressiveness} for day in days]
    return f"{text_table(shown)}\n\n{path}: {len(baseline.days)} days. {WARNING}"


def _warn(baseline: Baseline, days: Sequence[Day]) -> None:
    """Says what is wrong with a baseline that can be used all the same."""
    for day in days:
        if day.problem:
            logging.warning("%s is left out of the baseline: %s", day.day, day.problem)
    for name in outliers(baseline.days):
        logging.warning(
            "%s differs from all other days of the baseline, and widens its usual range; leave it out if it was not a "
            "usual day",
            name,
        )
    if len(baseline.days) < GOOD_DAYS:
        logging.warning(
            "%d days are few: a single day must differ much to be noticed; from %d on it is better",
            *(len(baseline.days), GOOD_DAYS),
        )


def run_drift(given: Given, person: str, folder: pathlib.Path, output: pathlib.Path, rate: float = RATE) -> str:
    """Compares later days with the baseline; writes drift.csv, drift.png and drift.md, and returns the table as text.

    Args:
      given: tables of later days.
      person: whose baseline.
      folder: with the baselines.
      output: folder for the results.
      rate: expected false alarms per day if nothing changes.
    """
    _path(folder, person)
    if not RATES[0] <= rate <= RATES[1]:
        raise UsageError(f"--rate={rate:g}: expected false alarms per day from {RATES[0]:g} to {RATES[1]:g}")
    require_writable(output, remedy="choose another folder with --output")
    baseline = read_baseline(folder, person)
    tables = find_tables(given.tables)
    recorded = read_days(tables, days_of(tables, given.days, len(baseline.days) + 1), person, given.choice)
    _require_same(baseline, tables, recorded)
    days = [measure_day(each.day, each.valence_arousal, each.seconds) for each in recorded]
    _require_later(baseline, days)
    found = deviations(baseline, days, rate)
    rows = [dataclasses.asdict(deviation) for deviation in found]
    output.mkdir(parents=True, exist_ok=True)
    write_csv([{name: cell(value) for name, value in row.items()} for row in rows], output / "drift.csv")
    known = [(day.day, day.expressiveness) for day in baseline.days]
    draw_drift(person, known, rows, WARNING, output / "drift.png")
    lines = [{name: _shown(row[name]) for name in SHOWN} for row in rows]
    with open_atomically(output / "drift.md") as file:
        file.write(f"{markdown_table(lines)}\n\n{_notes(baseline, found, rate)}\n")
    return f"{text_table(lines)}\n\n{WARNING}"


def _path(folder: pathlib.Path, person: str) -> pathlib.Path:
    try:
        return baseline_path(folder, person)
    except ValueError as error:
        raise UsageError(f"--subject: {error}") from error


def _measured_with(table: pathlib.Path, recorded: Recorded) -> dict[str, str]:
    return {**predicted_with(table), "adapter": "of the person" if recorded.adapted else ""}


def _require_same(baseline: Baseline, tables: Sequence[pathlib.Path], recorded: Sequence[Recorded]) -> None:
    """ValueError if a table was predicted otherwise than the baseline: by another network, crop, or with an adapter."""
    adapter = baseline.measured_with["adapter"]
    for table in tables:
        require_same_network(baseline, {**predicted_with(table), "adapter": adapter}, str(table))
    for each in recorded:
        require_same_network(baseline, _measured_with(tables[0], each), each.day)


def _require_later(baseline: Baseline, days: Sequence[Day]) -> None:
    """ValueError if a day is in the baseline itself, where it cannot be unusual, or if no day can be compared."""
    own = {day.day for day in baseline.days}
    if repeated := [day.day for day in days if day.day in own]:
        raise ValueError(f"{', '.join(repeated)}: in the baseline of {baseline.person} itself; give other days")
    if all(day.problem for day in days):
        raise ValueError(f"no day can be compared: {'; '.join(f'{day.day} is {day.problem}' for day in days)}")


def _shown(value: object) -> object:
    return None if isinstance(value, float) and value != value else value


def _notes(baseline: Baseline, found: Sequence[Deviation], rate: float) -> str:
    compared = [deviation for deviation in found if not deviation.problem]
    expected = rate * len(compared)
    measured = ", ".join(f"{name} {value}" for name, value in baseline.measured_with.items() if value)
    return "\n".join(
        [
            f"**{WARNING}**",
            "",
            f"- Person: {baseline.person}; baseline of {len(baseline.days)} days; measured with {measured}.",
            f"- At most {rate:g} false alarms per day are expected, averaged over people, if a person's days vary "
            f"independently around one level: {expected:.2g} in these {len(compared)} days. Half of that goes to "
            "single days, half to lasting changes. Weeks that differ from each other give more.",
            f"- `alarm_day`: `p_value` below {rate / 2:g}, which is the same as lying outside `low` to `high`.",
            f"- `alarm_lasting`: the sum of the deviations from all days before exceeds {limit_for(2 / rate):.2f} "
            "standard deviations in one direction; it then starts again at 0.",
            "- `ratio`: expressiveness relative to the typical day, the geometric mean of the baseline.",
        ]
    )
