"""What a store holds, as a page to read, and whether it still does."""

import pathlib
from collections.abc import Mapping

import numpy as np

from affect_jax import emotions
from affect_jax.data.source import Table
from affect_jax.data.store_shards import Shard, checksum, read_shards
from affect_jax.files.atomic import open_atomically

REPORT_FILE = "report.txt"


def write_report(
    folder: pathlib.Path, table: Table, label_set: str, shards: list[Shard], facts: Mapping[str, object]
) -> None:
    """Writes the report of a store with these examples; `facts` are added as they are."""
    size = sum(shard.bytes for shard in shards)
    skipped = sum(len(shard.skipped) for shard in shards)
    lines = [
        f"faces: {len(table):,}; {skipped:,} more were skipped, because their image failed to load (skipped.csv)",
        f"bytes: {size:,}, {size / max(len(table), 1):,.0f} a face",
        f"subjects: {len(set(table.subjects.tolist())):,}; clips: {len(set(table.clips.tolist()) - {''}):,}",
        *(f"{name}: {value}" for name, value in facts.items()),
        *(f"labels of {name}: {int((label.weight > 0).sum()):,}" for name, label in table.labels.items()),
    ]
    if "emotion" in table.labels:
        lines.append(f"emotions: {_emotions(table, label_set)}")
    lines += ["", "file, records, bytes, SHA-256:"]
    lines += [f"{shard.file}  {shard.records:,}  {shard.bytes:,}  {shard.sha256}" for shard in shards]
    with open_atomically(folder / REPORT_FILE) as file:
        file.write("\n".join(lines) + "\n")


def _emotions(table: Table, label_set: str) -> str:
    label = table.labels["emotion"]
    named = label.value[np.asarray(label.weight) > 0].argmax(-1)
    counts = np.bincount(named, minlength=len(emotions.names(label_set)))
    return ", ".join(f"{name} {count:,}" for name, count in zip(emotions.names(label_set), counts, strict=True))


def verify(folder: pathlib.Path, examples: int) -> None:
    """ValueError names the first shard that is not what was written, or the numbers of faces that differ."""
    advice = f"remove {folder} and run the same command again"
    records = 0
    for shard in read_shards(folder):
        path = folder / shard.file
        if not path.is_file():
            raise ValueError(f"{path} is missing; {advice}")
        if path.stat().st_size != shard.bytes or checksum(path) != shard.sha256:
            raise ValueError(f"{path} is damaged: its checksum is not that of what was written; {advice}")
        records += shard.records
    if records != examples:
        raise ValueError(f"{folder} has {records} images for {examples} rows of labels; {advice}")
