"""The recordings of many people out of tables, with any columns of predictions."""

import dataclasses
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int

from affect_jax.quantities.registry import in_order
from affect_jax.tables.clip_summary import durations
from affect_jax.tables.person_rows import LONGEST_SECONDS, Face, is_person
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import Rows, group_rows
from affect_jax.tables.schema import read_schema


@dataclasses.dataclass(frozen=True)
class Recording:
    """The frames in which a person was seen in one recording."""

    name: str  # of the recording
    table: pathlib.Path
    starts: Float[np.ndarray, "frame"]  # seconds since the first frame of the recording, in order
    seconds: Float[np.ndarray, "frame"]  # how long each frame counts
    values: Float[np.ndarray, "frame column"]
    whole_seconds: float  # with and without the face
    fps: float  # median over all frames; 0 for a single one
    adapted: bool  # whether the prediction used an adapter of the person


def columns_of(table: pathlib.Path) -> dict[str, bool]:
    """The columns of predictions in a table, and whether each is rated in classes, as intensities are."""
    schema = read_schema(table)
    found = {}
    for each in in_order(schema.quantities):
        found |= dict.fromkeys(each.columns(schema.label_set), bool(each.class_edges))
    return found


def read_people(
    tables: Sequence[pathlib.Path], columns: Sequence[str], face: Face = None
) -> dict[str, list[Recording]]:
    """The recordings of each person who is named in tables.

    Args:
      tables: any number for each person, or people for each table.
      columns: of predictions.
      face: which face a person has in all tables.

    A person is a subject; where a recording has none, its name without the ending. ValueError for a column that a table
    lacks, and for a recording that is in two tables.
    """
    found: dict[str, list[Recording]] = {}
    for table in tables:
        for person, recording in _read(table, columns, face):
            others = found.setdefault(person, [])
            if twice := [each for each in others if each.name == recording.name]:
                raise ValueError(
                    f"{twice[0].table} and {table} both hold the recording {recording.name} of {person}; give one of "
                    "them, since it would count twice"
                )
            others.append(recording)
    return found


def _read(table: pathlib.Path, columns: Sequence[str], face: Face) -> Iterator[tuple[str, Recording]]:
    rows = read_rows(table)
    values = _values(table, rows, columns)
    keys = [clip or source for clip, source in zip(rows.clip, rows.source, strict=True)]
    subjects = np.array(rows.subject, object)
    for name, members in group_rows(keys).items():
        named = sorted(set(subjects[members].tolist()) - {""})
        for person in named or [pathlib.PurePath(name).stem]:
            theirs = members[rows.success[members] & ((subjects[members] == person) | (not named))]
            where = f"{table}, {name}"
            seen = theirs[is_person(where, rows.face[theirs], rows.frame[theirs], face)]
            adapted = bool(named) and rows.boxes is not None  # a prediction names nobody else
            yield person, _recording(name, table, rows, members, seen, values, adapted)


def _values(table: pathlib.Path, rows: Rows, columns: Sequence[str]) -> Float[np.ndarray, "row column"]:
    known = {}
    for each in in_order(rows.values):
        flat = rows.values[each.name].reshape(len(rows), -1)
        known |= dict(zip(each.columns(rows.label_set), flat.T, strict=True))
    if missing := [name for name in columns if name not in known]:
        listed = ", ".join(known) if len(known) < 40 else f"{len(known)} columns"
        raise ValueError(f"{table} has no column {missing[0]}; its predictions are {listed}")
    return np.stack([known[name] for name in columns], -1)


def _recording(
    name: str,
    table: pathlib.Path,
    rows: Rows,
    members: Int[np.ndarray, "row"],
    seen: Int[np.ndarray, "seen"],
    values: Float[np.ndarray, "row column"],
    adapted: bool,
) -> Recording:
    frames, first = np.unique(rows.frame[members], return_index=True)
    times = rows.time_seconds[members][first]
    if (back := np.diff(times) < 0).any():
        raise ValueError(f"{table}, {name}: frame {frames[1:][back][0]} is earlier than the frame before it")
    standing = durations(times)
    seen = seen[np.argsort(rows.frame[seen], kind="stable")]
    seen = seen[~np.isnan(values[seen]).any(1)]
    places = np.searchsorted(frames, rows.frame[seen])
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return Recording(
        name=name,
        table=table,
        starts=times[places] - times[0],
        seconds=np.minimum(standing[places], LONGEST_SECONDS),
        values=values[seen],
        whole_seconds=float(standing.sum()),
        fps=1 / step if step > 0 else 0.0,
        adapted=adapted,
    )
