"""A finished table in the format, columns and layout that somebody asked for, and its line in the summary.

The table itself stays, as CSV or Parquet, because everything else reads it; other columns and layouts are further
files.
"""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from affect_jax.files.atomic import replace_atomically, write_bytes
from affect_jax.quantities.registry import QUANTITIES
from affect_jax.tables.cells import PARQUET
from affect_jax.tables.clip_summary import NAME, summarize, update_summary
from affect_jax.tables.formats import openface, pyfeat
from affect_jax.tables.formats.bids import write_bids
from affect_jax.tables.formats.bids_names import bids_name, bids_names
from affect_jax.tables.frames import read_frame, scan, write_parquet
from affect_jax.tables.schema import Schema, read_schema

FORMATS = ("csv", "parquet")
LAYOUTS = ("flat", "bids")
OWN = "affect_jax"


class Preset(NamedTuple):
    """The columns of another program."""

    convert: Callable  # of a lazy data frame and its schema
    units: Callable[[Schema], dict[str, str]]
    include: tuple[str, ...]  # groups of columns that the table must have
    quantities: tuple[str, ...]  # that have columns; a table needs one of them


PRESETS = {
    "openface": Preset(openface.to_openface, openface.units, openface.INCLUDE, tuple(QUANTITIES)),
    "pyfeat": Preset(pyfeat.to_pyfeat, pyfeat.units, pyfeat.INCLUDE, pyfeat.QUANTITIES),
}
COLUMNS = (OWN, *PRESETS)


class ExportError(ValueError):
    """What was asked for cannot be made of these files."""


@dataclasses.dataclass(frozen=True)
class Export:
    """What to make of a table; ValueError for an unknown name."""

    format: str = "csv"
    columns: str = OWN
    layout: str = "flat"
    participant: str = ""  # labels for BIDS; by default out of the name of the file
    task: str = ""

    def __post_init__(self):
        for name, known in (("format", FORMATS), ("columns", COLUMNS), ("layout", LAYOUTS)):
            if (given := getattr(self, name)) not in known:
                raise ValueError(f"{name}={given} is unknown; choose one of {', '.join(known)}")
        if self.layout != "bids" and (self.participant or self.task):
            raise ValueError("participant and task are labels of layout=bids and have no effect without it; drop them")

    def check(
        self, recordings: Sequence[str], images: Sequence[str], include: Sequence[str], quantities: Sequence[str]
    ) -> None:
        """ExportError for what the export would fail at, so that it is known before the prediction.

        Args:
          recordings: names of the video files.
          images: names of the image files.
          include: optional groups of columns of the table.
          quantities: that are predicted.
        """
        try:
            if self.columns in PRESETS:
                _require_preset(self.columns, include, quantities)
            if self.layout == "bids":
                if images:
                    raise ValueError(f"layout=bids is for recordings; {images[0]} is an image")
                bids_names(recordings, self.participant, self.task)
        except ValueError as error:
            raise ExportError(str(error)) from error


def export_table(table: pathlib.Path, wanted: Export, is_recording: bool = True) -> list[pathlib.Path]:
    """Writes what is wanted beside a finished CSV table; returns the data files that are there afterwards.

    Args:
      table: a complete table with its schema; with format=parquet, `<stem>.parquet` takes its place.
      wanted: validated before the prediction with `check`.
      is_recording: whether it holds recordings, which get a line per face in `summary_per_clip.csv`, or images.
    """
    schema = read_schema(table)
    files = []
    if wanted.columns in PRESETS:
        files += write_preset(table, wanted.columns, f".{wanted.format}")
    if is_recording:
        update_summary(table.parent / NAME, summarize(scan(table, schema), schema))
        files.append(table.parent / NAME)
    if wanted.layout == "bids":
        for (source,), rows in read_frame(table).group_by("source", maintain_order=True):
            name = bids_name(source, wanted.participant, wanted.task)
            files += write_bids(rows, schema, name, table.parent)
    if wanted.format == "parquet":
        write_parquet(table, schema, table.with_suffix(PARQUET))
        table.unlink()
        return [table.with_suffix(PARQUET), *files]
    table.with_suffix(PARQUET).unlink(missing_ok=True)  # of an earlier prediction; the schema is no longer its own
    return [table, *files]


def write_preset(table: pathlib.Path, columns: str, suffix: str = ".csv") -> list[pathlib.Path]:
    """Writes `<stem>_openface.csv` or the like, and beside it a JSON file with the unit of each column."""
    schema, preset = read_schema(table), PRESETS[columns]
    _require_preset(columns, schema.include, schema.quantities)
    target = table.with_name(f"{table.stem}_{columns}{suffix}")
    frame = preset.convert(scan(table, schema), schema)
    with replace_atomically(target) as part, part.open("wb") as file:
        write = frame.sink_parquet if suffix == PARQUET else frame.sink_csv
        write(file)
    about = {"columns_of": columns, "model": schema.model, "crop": schema.crop, "label_set": schema.label_set}
    beside = target.with_suffix(".json")
    write_bytes((json.dumps({**about, "units": preset.units(schema)}, indent=2) + "\n").encode(), beside)
    return [target, beside]


def _require_preset(columns: str, include: Sequence[str], quantities: Sequence[str]) -> None:
    """ValueError if a table lacks groups of columns that a preset needs, or everything that has a column there."""
    preset = PRESETS[columns]
    if not set(quantities) & set(preset.quantities):
        raise ValueError(
            f"columns={columns} has no column for what the network predicts ({', '.join(quantities)}); use "
            f"columns={OWN}, or columns=openface, which adds ours"
        )
    if absent := [name for name in preset.include if name not in include]:
        raise ValueError(f"columns={columns} needs the {absent[0]} of each face; predict with include={absent[0]}")
