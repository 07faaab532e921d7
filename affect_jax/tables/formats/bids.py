"""The table of a recording as a BIDS derivative, after the pattern of eye tracking (BIDS 1.11: physio in beh).

At a constant frame rate `sub-01/beh/sub-01_task-rest_desc-affect_physio.tsv.gz` without a header and its JSON file; at
a variable one, which physio cannot express, the table `..._desc-affect_beh.tsv` with a header. Both begin with the
column `timestamp`. Several faces get a file each (`recording-face0`, or `desc-affectface0` for tables, whose names have
no `recording`), with a row for every frame of the recording.

Source: Brain Imaging Data Structure 1.11.1, "Physiological recordings" and "Eye-tracking".
"""

import gzip
import io
import json
import pathlib
import re
from typing import Any

import numpy as np
from jaxtyping import Float

import affect_jax
from affect_jax import emotions
from affect_jax.files.atomic import write_bytes
from affect_jax.quantities.quantity import TEXT
from affect_jax.quantities.registry import in_order
from affect_jax.tables.formats.bids_names import BidsName
from affect_jax.tables.schema import BOX, KEYS, QUALITY, SUCCESS, Schema

FOLDER = pathlib.PurePath("derivatives", "affect_jax")
VERSION = "1.11.1"
LARGEST_JITTER_SECONDS = 1e-3  # of time stamps at a constant rate; Matroska and WebM round to milliseconds
MISSING = "n/a"
TIME = "timestamp"
MEANINGS = {
    TIME: "time of the frame since the first one of the recording",
    SUCCESS: "1 if the face was found in the frame",
    **dict.fromkeys(BOX[:4], "bounding box of the face in the image, from its upper left corner"),
    BOX[4]: "probability that the landmarks lie on a face",
    QUALITY: "how well the face can be measured, from 0 to 1",
}
README = """# Facial affect, predicted by affect_jax

Each recording has one time series per face, with a row for every frame: `*_physio.tsv.gz` without a header where the
frame rate is constant (columns are in the JSON file beside it), `*_beh.tsv` with a header where it varies. Cells
without a face are n/a. Expression is not felt emotion.
"""
# The validator of BIDS 1.11 knows `desc` for behavioral tables, but not yet for physiological recordings
IGNORED = "*_desc-affect_physio.*\n"


def write_bids(frame: "polars.DataFrame", schema: Schema, name: BidsName, output: pathlib.Path) -> list[pathlib.Path]:
    """Writes the files of one recording under `output`/derivatives/affect_jax; each atomic. Returns them.

    Files of an earlier prediction of the recording are removed.
    """
    root = output / FOLDER
    folder = root / name.folder
    files = _describe_data_set(root)
    faces = frame.filter(frame[SUCCESS] == 1)["face"].unique().sort().to_list()
    clock = frame.unique("frame").sort("frame").select("frame", "time_seconds")
    rate = sampling_frequency(clock["time_seconds"].to_numpy())
    for face in faces or [None]:
        rows = frame.filter((frame[SUCCESS] == 1) & (frame["face"] == face)) if faces else frame.clear()
        table = _time_series(clock, rows, schema)
        number = face if len(faces) > 1 else None
        files += _write(table, schema, rate, folder, name, number)
    _remove_others(folder, name, files)
    return files


def sampling_frequency(times_seconds: Float[np.ndarray, "frame"]) -> float | None:
    """Frames per second, if they are constant to `LARGEST_JITTER_SECONDS`; None for fewer than two frames."""
    if len(times_seconds) < 2 or times_seconds[-1] <= times_seconds[0]:
        return None
    even = np.linspace(times_seconds[0], times_seconds[-1], len(times_seconds))
    if np.abs(times_seconds - even).max() > LARGEST_JITTER_SECONDS:
        return None
    return float((len(times_seconds) - 1) / (times_seconds[-1] - times_seconds[0]))


def _time_series(clock: "polars.DataFrame", rows: "polars.DataFrame", schema: Schema) -> "polars.DataFrame":
    """One row per frame of the recording, with the columns of one face where it is there."""
    import polars

    columns = [name for name in schema.columns if name not in KEYS]
    joined = clock.join(rows.select("frame", *columns), on="frame", how="left", maintain_order="left")
    found = polars.col(SUCCESS).fill_null(0)
    return joined.select(polars.col("time_seconds").alias(TIME), *columns).with_columns(found)


def _write(
    table: "polars.DataFrame",
    schema: Schema,
    rate: float | None,
    folder: pathlib.Path,
    name: BidsName,
    face: int | None,
) -> list[pathlib.Path]:
    buffer = io.BytesIO()
    table.write_csv(buffer, include_header=rate is None, separator="\t", null_value=MISSING)
    suffix, content = "beh.tsv", buffer.getvalue()
    about = _columns(table.columns, schema)
    if rate is not None:
        suffix, content = "physio.tsv.gz", gzip.compress(content, mtime=0)
        about = {
            "SamplingFrequency": rate,
            "StartTime": table[TIME][0],
            "Columns": table.columns,
            "PhysioType": "generic",
            **about,
        }
    path = folder / name.file(suffix, face)
    beside = folder / name.file(f"{suffix.partition('.')[0]}.json", face)
    write_bytes(content, path)
    write_bytes((json.dumps({**about, **_provenance(schema)}, indent=2) + "\n").encode(), beside)
    return [path, beside]


def _columns(names: list[str], schema: Schema) -> dict[str, Any]:
    """Unit and meaning of each column."""
    meanings = {**MEANINGS, **dict.fromkeys(schema.groups.get("landmarks", ()), "iBUG landmark in the image")}
    meanings |= dict.fromkeys(schema.groups.get("blendshapes", ()), "blendshape of MediaPipe, from 0 to 1")
    for each in in_order(schema.quantities):
        meanings |= dict.fromkeys(each.units(schema.label_set), each.description)
    units = {TIME: "s", **schema.units}
    found: dict[str, Any] = {}
    for name in names:
        found[name] = {"Description": meanings[name]}
        if units[name] == TEXT:
            found[name]["Levels"] = {emotion: emotion for emotion in emotions.names(schema.label_set)}
        else:
            found[name]["Units"] = {"s": "s", "px": "pixel"}.get(units[name], "1")
    return found


def _provenance(schema: Schema) -> dict[str, Any]:
    return {
        "Description": "Facial affect predicted from video; expression is not felt emotion",
        "SoftwareVersions": f"affect_jax {affect_jax.__version__}",
        "Model": schema.model,
        "Crop": schema.crop,
        "EmotionLabelSet": schema.label_set,
    }


def _remove_others(folder: pathlib.Path, name: BidsName, written: list[pathlib.Path]) -> None:
    """Removes the files of an earlier prediction of the same recording, which may have had other faces."""
    ours = re.compile(
        re.escape(name.stem) + r"(_recording-face\d+)?_desc-affect(face\d+)?_(physio|beh)\.(tsv\.gz|tsv|json)"
    )
    for path in folder.iterdir():
        if ours.fullmatch(path.name) and path not in written:
            path.unlink()


def _describe_data_set(root: pathlib.Path) -> list[pathlib.Path]:
    """Writes what BIDS wants to know about the data set, unless it is there."""
    description = {
        "Name": "Facial affect predicted by affect_jax",
        "BIDSVersion": VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "affect_jax", "Version": affect_jax.__version__}],
    }
    contents = {
        "dataset_description.json": json.dumps(description, indent=2) + "\n",
        "README.md": README,
        ".bidsignore": IGNORED,
    }
    written = []
    for name, text in contents.items():
        if not (root / name).exists():
            write_bytes(text.encode(), root / name)
            written.append(root / name)
    return written
