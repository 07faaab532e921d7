"""Compares two runs of one config: every array of their checkpoints, and every line of their metrics."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affect_jax.files.json_files import read_objects
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.manager import ARRAYS
from affect_jax.train.placement import Placement

METRICS = "metrics.jsonl"


@dataclasses.dataclass(frozen=True)
class Record:
    """What is compared of a run."""

    lines: Sequence[Mapping[str, Any]]  # of the metrics, without the times
    hashes: Mapping[str, str]  # SHA-256 of arrays and notes by place, such as "step 8, optimizer '00003'"


def record(workdir: pathlib.Path) -> Record:
    """Reads a finished run; DamagedCheckpoint if one of its checkpoints cannot be read."""
    lines = [dict(line) for line in read_objects(workdir / METRICS, "step")]
    for line in lines:
        line.pop("seconds", None)
    checkpoints = Checkpoints(workdir)
    hashes: dict[str, str] = {}
    for step in checkpoints.steps():
        for item in ARRAYS:
            for name, array in checkpoints.arrays_of(step, item, Placement.single()).items():
                hashes[f"step {step}, {item} '{name}'"] = _hash_array(np.asarray(array))
        for item in ("data", "pending"):
            note = json.dumps(checkpoints.note(step, item), sort_keys=True)
            hashes[f"step {step}, {item}"] = hashlib.sha256(note.encode()).hexdigest()
    checkpoints.close()
    return Record(lines, hashes)


def _hash_array(array: np.ndarray) -> str:
    kind = f"{array.dtype.name} {array.shape} ".encode()
    return hashlib.sha256(kind + np.ascontiguousarray(array).tobytes()).hexdigest()


def first_difference(whole: Record, killed: Record) -> str:
    """Names the first difference of two records, the metrics before the arrays; empty if all is equal."""
    for number, (one, other) in enumerate(zip(whole.lines, killed.lines, strict=False), start=1):
        for name in sorted({*one, *other}):
            values = one.get(name, "missing"), other.get(name, "missing")
            if json.dumps(values[0]) != json.dumps(values[1]):  # as text: two undefined values are equal
                return f"{METRICS}, line {number}: {name} is {values[0]} uninterrupted and {values[1]} killed"
    if len(whole.lines) != len(killed.lines):
        return f"{METRICS} has {len(whole.lines)} lines uninterrupted and {len(killed.lines)} killed"
    for place in sorted({*whole.hashes, *killed.hashes}):
        if whole.hashes.get(place) != killed.hashes.get(place):
            lacking = [name for name, run in (("uninterrupted", whole), ("killed", killed)) if place not in run.hashes]
            return f"checkpoint of {place} " + (f"is missing in the {lacking[0]} run" if lacking else "differs")
    return ""
