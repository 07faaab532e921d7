"""The shards of a store: each is written in one piece and then described, so that a killed writer goes on after it.

A description is written after its shard. What has none is written again, and so is a shard that lacks rows: their
images may have been repaired meanwhile.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterable, Sequence

from affect_jax.files.atomic import open_atomically, remove_abandoned, replace_atomically
from affect_jax.files.json_files import read_object

NAME, SPLIT = "faces", "faces"  # of the TFDS data set
IDENTITY_FILE = "writing.json"  # of what is being written
SHARDS_FILE = "shards.json"
READ_BYTES = 1 << 22


@dataclasses.dataclass(frozen=True)
class Shard:
    """A shard that is complete."""

    file: str
    records: int
    bytes: int
    sha256: str
    skipped: list[int]  # rows whose image failed to load


def shard_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """The file of a shard, as TFDS names it."""
    return folder / f"{NAME}-{SPLIT}.array_record-{number:05d}"


def write_shard(folder: pathlib.Path, number: int, records: Iterable[bytes], skipped: Sequence[int]) -> Shard:
    """Writes a shard and its description."""
    from array_record.python.array_record_module import ArrayRecordWriter  # slow to import, and only stores need it

    path, count = shard_path(folder, number), 0
    remove_abandoned(path)
    with replace_atomically(path) as part:
        writer = ArrayRecordWriter(str(part), "group_size:1")
        for record in records:
            writer.write(record)
            count += 1
        writer.close()
    shard = Shard(path.name, count, path.stat().st_size, checksum(path), list(skipped))
    with open_atomically(_description(path)) as file:
        json.dump(dataclasses.asdict(shard), file)
    return shard


def find_shard(folder: pathlib.Path, number: int) -> Shard | None:
    """A shard that an earlier writer completed; None if it has to be written."""
    path = shard_path(folder, number)
    try:
        shard = Shard(**read_object(_description(path), ""))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    usable = not shard.skipped and path.is_file() and path.stat().st_size == shard.bytes
    return shard if usable and checksum(path) == shard.sha256 else None


def any_complete(folder: pathlib.Path) -> bool:
    """Whether any shard was completed, be it without some rows."""
    return any(_description(path).is_file() for path in folder.glob(f"{NAME}-{SPLIT}.*"))


def collect_descriptions(folder: pathlib.Path, shards: Sequence[Shard]) -> None:
    """Replaces the descriptions by one file with all of them."""
    with open_atomically(folder / SHARDS_FILE) as file:
        json.dump({"shards": [dataclasses.asdict(shard) for shard in shards]}, file, indent=1)
    for shard in shards:
        _description(folder / shard.file).unlink(missing_ok=True)
    (folder / IDENTITY_FILE).unlink(missing_ok=True)


def read_shards(folder: pathlib.Path) -> list[Shard]:
    """The shards of a complete store; FileNotFoundError for those of versions that did not describe them."""
    found = read_object(folder / SHARDS_FILE, "remove the folder and write it again")
    return [Shard(**shard) for shard in found["shards"]]


def is_of(folder: pathlib.Path, identity: dict) -> bool:
    """Whether a killed writer was writing just this store to the folder."""
    try:
        return read_object(folder / IDENTITY_FILE, "") == identity
    except (FileNotFoundError, ValueError):
        return False


def begin(folder: pathlib.Path, identity: dict) -> None:
    """Makes the folder of a store that is going to be written."""
    folder.mkdir(parents=True)
    with open_atomically(folder / IDENTITY_FILE) as file:
        json.dump(identity, file)


def checksum(path: pathlib.Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            digest.update(data)
    return digest.hexdigest()


def _description(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f"{path.name}.json")
