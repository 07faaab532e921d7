"""What the page shows of one table: the faces of a recording over time, and what was predicted or labeled for each."""

import dataclasses
import pathlib

import numpy as np
from jaxtyping import Float, Int

from affect_jax.files.kinds import printable
from affect_jax.quantities.emotion import LABEL_NAME, NAME
from affect_jax.quantities.registry import ANY_SET, QUANTITIES, charted
from affect_jax.tables.columns import read_columns
from affect_jax.tables.schema import BOX, SUCCESS
from affect_jax.types import LANDMARKS

NO_FACE = -1  # the number in rows without a face
LABEL = "label_"  # prefix of columns with labels
PROBABILITY = "p_"  # prefix of those with the probability of an emotion
ENDS = ("_lo", "_hi")  # suffixes of the columns with the ends of an interval
TEXT = ("source", "subject", "clip", NAME, LABEL_NAME)

Columns = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Trace:
    """The rows of one recording in order of time and face; NaN where something is unknown."""

    name: str
    is_label: bool
    time_seconds: Float[np.ndarray, "row"]
    frame: Int[np.ndarray, "row"]
    face: Int[np.ndarray, "row"]  # its number, or NO_FACE
    affect: dict[str, Float[np.ndarray, "row"]]  # charted columns, and with "_lo" and "_hi" their intervals
    emotions: tuple[str, ...]
    expression: Int[np.ndarray, "row"]  # index in `emotions`, or -1
    probabilities: Float[np.ndarray, "row emotion"] | None = None
    box: Float[np.ndarray, "row 4"] | None = None  # left, top, width, height in px of the image
    landmarks: Float[np.ndarray, "row 68 2"] | None = None  # in px of the image

    def __len__(self) -> int:
        return len(self.face)


def read_traces(path: pathlib.Path, recording: str = "") -> tuple[str, list[Trace]]:
    """Reads a table: the name of its recording, then the trace of its predictions and that of its labels, if any.

    Of a table of several recordings, those rows are taken whose clip or source is `recording`, endings aside.
    ValueError if it is ambiguous, or if the table has neither predictions nor labels over time.
    """
    columns = read_columns(path, TEXT)
    shown = {prefix: _charted(columns, prefix) for prefix in ("", LABEL)}
    shown = {prefix: names for prefix, names in shown.items() if names}
    if "time_seconds" not in columns or not shown:
        known = [name for each in QUANTITIES.values() if each.charted for name in each.columns(ANY_SET)]
        raise ValueError(
            f"{path} has the columns {', '.join(columns)[:300]}; expected time_seconds, and {known[0]} and {known[1]}, "
            f"or intensities such as {known[2]} (with {LABEL} before it if it is a label)"
        )
    if missing := [f"{prefix}{name}" for prefix in shown for name in shown[prefix] if f"{prefix}{name}" not in columns]:
        raise ValueError(f"{path} has no column {missing[0]}")
    source, columns = _one_recording(path, columns, recording)
    for name in ("time_seconds", "frame"):
        if name in columns and not (columns[name].dtype.kind == "f" and np.isfinite(columns[name]).all()):
            raise ValueError(f"{path} has a row without a number in {name}; the file was changed by hand")
    columns["face"] = _faces(columns)
    order = np.lexsort((columns["face"], columns["time_seconds"]))
    columns = {name: column[order] for name, column in columns.items()}
    traces = [_trace(path, columns, prefix, names) for prefix, names in shown.items()]
    if len(traces) > 1:
        traces[1] = dataclasses.replace(traces[1], name=f"{traces[1].name} (labels)")
    return source, traces


def _charted(columns: Columns, prefix: str) -> list[str]:
    """The columns of all quantities of which the table has one, without the prefix."""
    found = [name.removeprefix(prefix) for name in columns if name.startswith(prefix)]
    return [name for each in charted(found) for name in each.columns(ANY_SET)]


def _one_recording(path: pathlib.Path, columns: Columns, recording: str) -> tuple[str, Columns]:
    """The name of the file that a table is about, and the rows about it."""
    count = len(columns["time_seconds"])
    if not count:
        raise ValueError(f"{path} has no rows, so there is nothing to show")
    nameless = np.full(count, "")
    keys = next((columns[key] for key in ("clip", "source") if any(columns.get(key, nameless))), nameless)
    names = dict.fromkeys(keys.tolist())
    if len(names) > 1:
        chosen = [name for name in names if pathlib.PurePath(name).stem == pathlib.PurePath(recording).stem]
        if len(chosen) != 1:
            listed = ", ".join(map(printable, list(names)[:3]))
            raise ValueError(
                f"{path} holds {len(names)} recordings or images ({listed}, ...), and a page shows one recording; "
                "choose it by a --video of the same name"
            )
        columns = {name: column[keys == chosen[0]] for name, column in columns.items()}
    return str(columns.get("source", keys)[0]), columns


def _faces(columns: Columns) -> Int[np.ndarray, "row"]:
    count = len(columns["time_seconds"])
    number = columns.get("face", np.zeros(count))
    present = np.isfinite(number) & (columns.get(SUCCESS, np.ones(count)) > 0)
    return np.where(present, number, NO_FACE).astype(np.int32)


def _trace(path: pathlib.Path, columns: Columns, prefix: str, shown: list[str]) -> Trace:
    """The trace of the predictions of a table, or with a prefix that of its labels."""
    count = len(columns["time_seconds"])
    names = [f"{prefix}{name}{end}" for name in shown for end in ("", *ENDS)]
    if wrong := [name for name in names if name in columns and columns[name].dtype.kind != "f"]:
        raise ValueError(f"{path}: {wrong[0]} has a cell that is no number; the file was changed by hand")
    emotions, expression, probabilities = _emotions(columns, prefix)
    points = [f"{axis}_{number}" for number in range(LANDMARKS) for axis in "xy"]
    has = lambda wanted: not prefix and all(name in columns for name in wanted)
    return Trace(
        name=printable(path.stem),
        is_label=bool(prefix),
        time_seconds=columns["time_seconds"],
        frame=columns["frame"].astype(np.int64) if "frame" in columns else np.arange(count),
        face=columns["face"],
        affect={name.removeprefix(prefix): columns[name] for name in names if name in columns},
        emotions=emotions,
        expression=expression,
        probabilities=probabilities,
        box=np.stack([columns[name] for name in BOX[:4]], -1) if has(BOX[:4]) else None,
        landmarks=np.stack([columns[name] for name in points], -1).reshape(-1, LANDMARKS, 2) if has(points) else None,
    )


def _emotions(columns: Columns, prefix: str) -> tuple[tuple[str, ...], np.ndarray, np.ndarray | None]:
    """The emotions of a table, the index of each row's, and their probabilities, as far as there are columns."""
    words = columns.get(LABEL_NAME if prefix else NAME, np.full(len(columns["face"]), ""))
    known = [name for name in columns if name.startswith(PROBABILITY) and columns[name].dtype.kind == "f"]
    if prefix or not known:
        emotions = tuple(dict.fromkeys(word for word in words.tolist() if word))
        place = {word: index for index, word in enumerate(emotions)}
        return emotions, np.array([place.get(word, -1) for word in words.tolist()], np.int64), None
    probabilities = np.stack([columns[name] for name in known], -1)
    likeliest = np.where(np.isnan(probabilities).any(-1), -1, np.nan_to_num(probabilities).argmax(-1))
    return tuple(name.removeprefix(PROBABILITY) for name in known), likeliest, probabilities
