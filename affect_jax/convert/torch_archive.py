"""Reads PyTorch files without PyTorch: the zip format (since 1.6, and TorchScript) and the legacy pickle format."""

import io
import pathlib
import struct
import zipfile
import zlib
from typing import Any

from affect_jax.convert.tensors import Storage, TorchBuilders, storage
from affect_jax.files.pickles.load import load

ZIP_START = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
# What Python's zipfile raises for an archive whose entries or offsets are wrong.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, KeyError)
DAMAGED += (struct.error, UnicodeDecodeError, OverflowError)
MAX_UNPACKED_RATIO = 20  # uncompressed over compressed size; PyTorch does not compress tensors


def read_zip(path: pathlib.Path) -> Any:
    """Reads the contents of a zip-format file, with `Tensor` for tensors; ValueError says what is wrong with it."""
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_zip(archive, path)
    except DAMAGED as error:
        raise ValueError(
            f"{where}: a damaged or incomplete zip archive ({error}); is the download incomplete? Its size is "
            f"{path.stat().st_size} bytes"
        ) from None


def _read_zip(archive: zipfile.ZipFile, path: pathlib.Path) -> Any:
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    if bad := [name for name in sizes if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/")]:
        raise ValueError(f"{path}: the archive has an entry '{bad[0]}', which points outside the archive; refused")
    if sum(sizes.values()) > MAX_UNPACKED_RATIO * max(path.stat().st_size, 2**20):
        raise ValueError(f"{path}: unpacks to {sum(sizes.values())} bytes, too many for its own size; refused")
    pickles = [name for name in sizes if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError(
            f"{path}: the zip archive must have exactly one '<name>/data.pkl', but has {len(pickles)}: not written by "
            "torch.save"
        )
    folder = pickles[0].removesuffix("data.pkl")
    order = archive.read(folder + "byteorder") if folder + "byteorder" in sizes else b"little"
    storages: dict[str, Storage] = {}

    def resolve(reference: Any) -> Storage:
        key, empty, _ = storage(reference)
        if key not in storages:
            if f"{folder}data/{key}" not in sizes:
                raise ValueError(f"the archive lacks the storage '{key}'")
            empty.raw, empty.little_endian = archive.read(f"{folder}data/{key}"), order.strip() != b"big"
            storages[key] = empty
        elif (storages[key].code, storages[key].count) != (empty.code, empty.count):
            raise ValueError(f"storage '{key}' is referenced with two different kinds or sizes")
        return storages[key]

    return load(archive.read(pickles[0]), str(path), TorchBuilders(), resolve)


def is_legacy(start: bytes) -> bool:
    """Whether a file starts like a legacy file, with a pickle of its magic number."""
    return LEGACY_MAGIC.to_bytes(10, "little") in start[:32] or str(LEGACY_MAGIC).encode() in start[:32]


def read_legacy(path: pathlib.Path) -> Any:
    """Reads a legacy file, with `Tensor` for tensors: four pickles, the keys of the storages, then their contents."""
    where = str(path)
    with path.open("rb") as file:
        magic, protocol, system = (load(file, where) for _ in range(3))
        if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not isinstance(system, dict):
            raise ValueError(f"{where}: starts like the legacy format of torch.save, but has protocol {protocol!r}")
        storages: dict[str, Storage] = {}

        def resolve(reference: Any) -> Storage:
            key, empty, view = storage(reference)
            if view is not None:
                raise ValueError("a tensor is a view of a storage, as before PyTorch 0.4; save it with a newer version")
            return storages.setdefault(key, empty)

        result = load(file, where, TorchBuilders(), resolve)
        keys = load(file, where)
        if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
            raise ValueError(f"{where}: the list of storages does not match the tensors; the file is damaged")
        for key in keys:
            _fill(storages[key], file, path, little_endian=bool(system.get("little_endian", True)))
    return result


def _fill(target: Storage, file: io.BufferedIOBase, path: pathlib.Path, little_endian: bool) -> None:
    order = "<" if little_endian else ">"
    start = file.read(8)
    raw = file.read(target.size_bytes) if target.size_bytes <= path.stat().st_size else b""
    if len(start) != 8 or len(raw) != target.size_bytes:
        raise ValueError(
            f"{path}: ends inside a storage ({len(raw)} of {target.size_bytes} bytes); is the download incomplete? "
            f"Its size is {path.stat().st_size} bytes"
        )
    if struct.unpack(f"{order}q", start)[0] != target.count:
        raise ValueError(
            f"{path}: a storage has {struct.unpack(f'{order}q', start)[0]} values, expected {target.count}"
        )
    target.raw, target.little_endian = raw, little_endian
