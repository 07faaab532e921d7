"""Two groups of people compared by the tables of their predictions."""

import dataclasses
import pathlib
from collections.abc import Sequence

from absl import logging

from affect_jax.evaluate.group_comparison import compare
from affect_jax.evaluate.two_groups import make_groups, warnings
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.given_tables import read_choice, read_places
from affect_jax.experiment.group_results import RELATIVE, WARNING, summary_rows, write_results
from affect_jax.files.disk import require_writable
from affect_jax.report.tables import text_table
from affect_jax.tables.days import find_tables, first_difference, predicted_with
from affect_jax.tables.group_file import read_groups
from affect_jax.tables.people import columns_of, read_people
from affect_jax.tables.person_rows import Face

RATES = (0.1, 100.0)  # per second


@dataclasses.dataclass(frozen=True)
class Given:
    """What is compared, as given on the command line."""

    tables: tuple[pathlib.Path, ...]  # files, or folders with tables
    groups: pathlib.Path
    columns: tuple[str, ...] = ()  # by default those that are rated in classes, as intensities are
    rate: float = 5.0  # of trajectories, per second
    face: str = ""

    @property
    def choice(self) -> Face:
        """The choice of faces; UsageError if it is none."""
        return read_choice(self.face)

    @classmethod
    def read(cls, tables: Sequence[str], groups: str, columns: Sequence[str], rate: float, face: str) -> "Given":
        """Reads the values of the flags; UsageError names the one that is wrong."""
        places = read_places(tables)
        if twice := [name for name in columns if list(columns).count(name) > 1 or not name.strip()]:
            raise UsageError(f"--columns holds '{twice[0]}' twice, or an empty name; give each column once")
        if not RATES[0] <= rate <= RATES[1]:
            raise UsageError(f"--rate={rate:g}: expected {RATES[0]:g} to {RATES[1]:g} values per second")
        given = cls(places, pathlib.Path(groups), tuple(columns), rate, face)
        _ = given.choice
        return given


def run_comparison(given: Given, output: pathlib.Path, seed: int = 0) -> str:
    """Compares two groups, writes the results into a folder, and returns the main ones as text.

    Args:
      given: the tables, and who is in which group.
      output: folder for the results.
      seed: of permutations, intervals and types.
    """
    require_writable(output, remedy="choose another folder with --output")
    try:
        groups, tables = read_groups(given.groups), find_tables(given.tables)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    measured_with = _require_one_network(tables)
    columns = given.columns or _rated_columns(tables[0])
    people = read_people(tables, columns, given.choice)
    pair, others = make_groups(groups, people)
    if others:
        logging.warning("%d people of the tables are in no group and are left out, such as %s", len(others), others[0])
    concerns = warnings(pair, len(columns), given.rate)
    for concern in concerns:
        logging.warning("%s", concern)
    comparison = compare(pair, columns, given.rate, seed)
    write_results(comparison, concerns, measured_with, output)
    relative = f"\n{RELATIVE}" if any(each.classes for each in comparison.columns) else ""
    return f"{text_table(summary_rows(comparison))}\n\n{WARNING}{relative}"


def _require_one_network(tables: Sequence[pathlib.Path]) -> str:
    """What all tables were predicted with; ValueError if it is not the same."""
    first = predicted_with(tables[0])
    for table in tables[1:]:
        given = predicted_with(table)
        if (name := first_difference(first, given)) is not None:
            raise ValueError(
                f"{table} was predicted with {name} '{given[name]}', {tables[0]} with '{first[name]}'; two networks "
                "differ more than people do: predict all recordings with the same one"
            )
    return ", ".join(f"{name} {value}" for name, value in first.items() if value)


def _rated_columns(table: pathlib.Path) -> tuple[str, ...]:
    known = columns_of(table)
    if rated := tuple(name for name, in_classes in known.items() if in_classes):
        return rated
    listed = ", ".join(known) if len(known) < 40 else f"{len(known)} other columns"
    raise ValueError(f"{table} has no intensities; name other columns with --columns, of {listed}")
