"""Tables of many days: where they are, of which day each one is, and with what it was predicted."""

import datetime
import pathlib
import re
from collections.abc import Mapping, Sequence

from affect_jax.tables.cells import PARQUET
from affect_jax.tables.schema import read_facts

DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
NUMBERED = "day {:03d}"  # the name of a day without a date
SCHEMA_ENDING = ".schema.json"


def find_tables(places: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """The tables themselves, and those in folders, by name; FileNotFoundError if there is none at a place."""
    found = []
    for place in places:
        if not place.is_dir():
            if not place.is_file():
                raise FileNotFoundError(f"no table at {place}; expected a table of launch.predict or launch.evaluate")
            found.append(place)
            continue
        stems = sorted(path.name.removesuffix(SCHEMA_ENDING) for path in place.glob(f"*{SCHEMA_ENDING}"))
        inside = [place / f"{stem}{ending}" for stem in stems for ending in (".csv", PARQUET)]
        existing = [table for table in inside if table.is_file()]
        if not existing:
            raise FileNotFoundError(f"the folder {place} holds no table with a schema beside it ({SCHEMA_ENDING})")
        found += existing
    for table in found:
        if found.count(table) > 1:
            raise ValueError(f"{table} was given twice; each table counts once")
    return found


def days_of(tables: Sequence[pathlib.Path], given: Sequence[str] = (), first: int = 1) -> list[str]:
    """The day of each table: as given, or from its schema or name; without any date, numbers from `first` on.

    Raises ValueError if only some of the tables have a date, or if the given days are not one for each table.
    """
    if given:
        if len(given) != len(tables):
            raise ValueError(f"{len(given)} days for {len(tables)} tables; give one day for each table, in their order")
        return list(given)
    dates = [date_of(table) for table in tables]
    dated = [table for table, date in zip(tables, dates, strict=True) if date]
    if not dated:
        return [NUMBERED.format(number) for number in range(first, first + len(tables))]
    for table, date in zip(tables, dates, strict=True):
        if not date:
            raise ValueError(
                f"{table} has no date, neither in its schema nor in its name, but {dated[0]} has one; write the date "
                "into the name (anna_2026-03-01.csv), or give all days with --days"
            )
    return dates


def date_of(table: pathlib.Path) -> str:
    """The date on which the recording of a table started, or else the one in its name or its folder's; "" if none."""
    recording = read_facts(table).get("recording")
    started = recording.get("started") if isinstance(recording, Mapping) else None
    if started:
        try:
            return datetime.datetime.fromisoformat(started).date().isoformat()
        except (TypeError, ValueError):
            raise ValueError(f"{table}: its schema says that it started '{started}', which is no date") from None
    for name in (table.name, table.parent.name):
        dates = sorted({text for text in DATE.findall(name) if is_date(text)})
        if len(dates) > 1:
            raise ValueError(f"{table}: its name holds several dates ({', '.join(dates)}); give the day with --days")
        if dates:
            return dates[0]
    return ""


def is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def predicted_with(table: pathlib.Path) -> dict[str, str]:
    """What the values of a table depend on: the network, the hash of its weights if it is written, and the crop."""
    facts = read_facts(table)
    return {name: str(facts.get(name) or "") for name in ("model", "network_sha256", "crop")}


def first_difference(known: Mapping[str, str], given: Mapping[str, str]) -> str | None:
    """The first of what values depend on, as `predicted_with` names it, that is not the same; None if all are.

    Networks are told apart by the hash of their weights if both sides know it, else by the name of their workdir.
    """
    hashed = known.get("network_sha256") and given.get("network_sha256")
    ignored = "model" if hashed else "network_sha256"
    return next((name for name, value in known.items() if name != ignored and given.get(name, "") != value), None)
