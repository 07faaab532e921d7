"""Recordings of people: as records, and as tables that launch.predict would write."""

import pathlib

import numpy as np

from affect_jax.tables.people import Recording
from affect_jax.tables.schema import Schema
from affect_jax.tables.writing import RowWriter

QUANTITIES = ("intensity_happy", "intensity_sad")
BOX = [0.0, 0.0, 64.0, 64.0, 1.0]


def write_person(folder, name, values, fps, model="intensity@9", missing=(), quantities=QUANTITIES, subject=""):
    """Writes NAME.csv with a row per frame of `values`, [frame, quantity]; `missing` frames have no face."""
    path = folder / f"{name}.csv"
    writer = RowWriter(path, Schema(model, "c", 64, "affectnet_8", tuple(quantities), boxes=True))
    for frame, numbers in enumerate(values):
        keys = {"source": f"{name}.mp4", "subject": subject, "frame": frame, "face": 0, "time_seconds": frame / fps}
        if frame in missing:
            writer.write(keys | {"subject": ""}, None)
        else:
            writer.write(
                keys, {each: np.array([number]) for each, number in zip(quantities, numbers, strict=True)}, BOX
            )
    writer.close()
    return path


def write_groups(path, groups):
    """Writes the file of groups: {"patients": ["anna", ..], ..}."""
    lines = ["subject,group"]
    for group, people in groups.items():
        lines += [f"{person},{group}" for person in people]
    path.write_text("\n".join(lines) + "\n")
    return path


def recording(values, fps=4.0, seen=None, name="a"):
    """A recording of one column; `seen` are the frames with a face, by default all."""
    values = np.asarray(values, np.float64)
    frames = np.arange(len(values)) if seen is None else np.asarray(seen, int)
    seconds = np.full(len(frames), 1 / fps)
    whole = len(values) / fps
    return Recording(name, pathlib.Path("t"), frames / fps, seconds, values[frames, None], whole, fps, False)
