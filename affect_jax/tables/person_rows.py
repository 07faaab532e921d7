"""The rows of one person in tables, day by day."""

import collections
import dataclasses
import pathlib
from collections.abc import Sequence

import numpy as np
from absl import logging
from jaxtyping import Bool, Float, Int

from affect_jax.tables.clip_summary import durations
from affect_jax.tables.days import is_date
from affect_jax.tables.reading import read_rows
from affect_jax.tables.rows import NO_FACE, Rows, group_rows

QUANTITY = "valence_arousal"
LONGEST_SECONDS = 1.0  # for which a frame counts, however long it stands: the camera may have been off
ALL_FACES = "all"

Face = int | str | None  # a number, `ALL_FACES`, or None: the most frequent one of each recording


@dataclasses.dataclass(frozen=True)
class Recorded:
    """The frames in which a person was seen on one day."""

    day: str
    valence_arousal: Float[np.ndarray, "frame 2"]
    seconds: Float[np.ndarray, "frame"]  # how long each frame counts
    adapted: bool = False  # whether a prediction used an adapter of the person


def read_face(text: str) -> Face:
    """A choice of faces as users write it; ValueError if it is none."""
    if not text:
        return None
    if text == ALL_FACES or (text.isascii() and text.isdigit()):
        return text if text == ALL_FACES else int(text)
    raise ValueError(f"'{text}' is no face; expected its number in the tables, or {ALL_FACES}")


def read_days(tables: Sequence[pathlib.Path], days: Sequence[str], person: str, face: Face = None) -> list[Recorded]:
    """The frames of a person, day by day: dates in their order, other names as they come.

    Args:
      tables: any number for each day.
      days: of each table.
      person: where a table names subjects, only the rows of this one count.
      face: which face the person has in all tables.
    """
    parts = collections.defaultdict(list)
    for table, day in zip(tables, days, strict=True):
        parts[day].append(_read(table, person, face))
    ordered = sorted(parts) if all(is_date(day) for day in parts) else list(parts)
    found = []
    for day in ordered:
        values, seconds, adapted = zip(*parts[day], strict=True)
        found.append(Recorded(day, np.concatenate(values), np.concatenate(seconds), any(adapted)))
    return found


def _read(
    table: pathlib.Path, person: str, face: Face
) -> tuple[Float[np.ndarray, "frame 2"], Float[np.ndarray, "frame"], bool]:
    """Values, seconds, and whether they are those of an adapter: a prediction names no other subjects."""
    rows = read_rows(table)
    if QUANTITY not in rows.values:
        raise ValueError(f"{table} has no valence and arousal; expected the table of a network that predicts them")
    theirs = _rows_of(table, rows, person) & rows.success
    chosen, seconds = [np.zeros(0, int)], []
    keys = [clip or source for clip, source in zip(rows.clip, rows.source, strict=True)]
    for name, members in group_rows(keys).items():
        frames, first = np.unique(rows.frame[members], return_index=True)
        standing = dict(zip(frames.tolist(), durations(rows.time_seconds[members][first]).tolist(), strict=True))
        candidates = members[theirs[members]]
        seen = candidates[is_person(f"{table}, {name}", rows.face[candidates], rows.frame[candidates], face)]
        chosen.append(seen)
        seconds += [min(standing[frame], LONGEST_SECONDS) for frame in rows.frame[seen].tolist()]
    adapted = rows.boxes is not None and any(rows.subject)
    return rows.values[QUANTITY][np.concatenate(chosen)], np.array(seconds, np.float64), adapted


def _rows_of(table: pathlib.Path, rows: Rows, person: str) -> Bool[np.ndarray, "row"]:
    """The rows that may be of a person: all, unless the table names subjects, whole or after the last '/'."""
    names = sorted(set(rows.subject) - {""})
    matching = [name for name in names if person in (name, name.rpartition("/")[2])]
    if not names:
        return np.ones(len(rows), bool)
    if len(matching) != 1:
        listed = ", ".join(names[:5]) + ", ..." * (len(names) > 5)
        count = "more than one" if matching else "none"
        raise ValueError(f"{table} holds the subjects {listed}; {count} of them is '{person}'")
    return np.array([subject == matching[0] for subject in rows.subject])


def is_person(
    where: str, faces: Int[np.ndarray, "row"], frames: Int[np.ndarray, "row"], choice: Face
) -> Bool[np.ndarray, "row"]:
    """Which rows of a recording, all with a face, have the face that was chosen."""
    if choice == ALL_FACES:
        found, counts = np.unique(frames, return_counts=True)
        if (counts > 1).any():
            raise ValueError(
                f"{where}: frame {found[counts > 1][0]} has several faces, so that not all faces are of one person; "
                "give the number of the right one"
            )
        return np.ones(len(faces), bool)
    if choice is None:
        choice = _most_frequent(where, faces)
    return faces == choice


def _most_frequent(where: str, faces: Int[np.ndarray, "row"]) -> int:
    found, frames = np.unique(faces, return_counts=True)
    if not len(found):
        return NO_FACE
    order = np.argsort(-frames, kind="stable")
    if len(found) > 1 and frames.sum() > 1.5 * frames[order[0]]:
        logging.warning(
            "%s: of %d faces, face %d is taken, with %d of %d rows. If the person was alone, and only got new numbers, "
            "take all with --face=%s",
            where,
            *(len(found), found[order[0]], frames[order[0]], frames.sum(), ALL_FACES),
        )
    return int(found[order[0]])
