"""The file of an adapter: a few numbers about one person, private, revocable, and of one network only."""

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

import numpy as np
from jaxtyping import Float

from affect_jax.convert import safetensors_file, safetensors_writing
from affect_jax.files.atomic import write_privately
from affect_jax.personal.adapter import Adapter
from affect_jax.personal.folder import ADAPTER, adapter_path

VERSION = "1"  # incremented whenever older code would misread newer files
ARRAYS = ("weights", "bias", "scale")
MOST_BYTES = 64_000
MOST_SHARE = 0.01  # of the parameters of the network
NOTE = (
    "Learned from one person's face. Whoever has this file can correct predictions of that person, and of nobody else. "
    "The network does not depend on it: removing the file, as python -m launch.forget does, revokes it."
)
AGAIN = "learn it again with python -m launch.adapt"


@dataclasses.dataclass(frozen=True, eq=False)
class Geometry:
    """Of the face over the frames that its person is learned from, in the order of `geometry_signature.NAMES`."""

    mean: Float[np.ndarray, "number"]
    spread: Float[np.ndarray, "number"]  # standard deviation over frames


@dataclasses.dataclass(frozen=True, eq=False)
class Card:
    """What an adapter was learned from."""

    person: str
    method: str
    frames: int  # labeled ones
    seconds: float  # labeled or at rest
    has_neutral: bool  # whether a face at rest was given
    network: str  # the workdir and its step
    network_sha256: str  # digest of its weights; see `personal.digest`
    geometry: Geometry | None = None  # None if landmarks were not known
    sha256: str = ""  # of the arrays and all other entries; set on writing


def write_adapter(path: pathlib.Path, adapter: Adapter, card: Card, network_parameters: int) -> None:
    """Writes PERSON.safetensors with mode 0600, atomically.

    ValueError for numbers that are not finite, for a file that is not small, and for an adapter with more than 1 % of
    the parameters of its network.
    """
    if path != adapter_path(path.parent, card.person):
        raise ValueError(f"{path}: expected the name {card.person}{ADAPTER}")
    arrays = {name: np.ascontiguousarray(getattr(adapter, name), np.float32) for name in ARRAYS}
    _check_arrays(path, arrays)
    count = sum(array.size for array in arrays.values())
    if count > MOST_SHARE * network_parameters:
        raise ValueError(
            f"the adapter has {count} numbers, more than {MOST_SHARE:.0%} of the {network_parameters} parameters of "
            f"{card.network}; use a larger network"
        )
    entries = _entries(card)
    data = safetensors_writing.encode(arrays, {**entries, "sha256": _checksum(arrays, entries)})
    if len(data) >= MOST_BYTES:
        raise ValueError(f"the adapter would take {len(data)} bytes, expected less than {MOST_BYTES}")
    write_privately(data, path)


def read_adapter(path: pathlib.Path, network_sha256: str) -> tuple[Adapter, Card]:
    """Reads an adapter for the network with these weights; ValueError for another one, and for a damaged file."""
    if (size := path.stat().st_size) >= MOST_BYTES:
        raise ValueError(f"{path} is damaged or no adapter: it has {size} bytes, expected less than {MOST_BYTES}")
    entries, arrays = safetensors_file.read_metadata(path), safetensors_file.read(path)
    if (version := entries.get("format_version")) != VERSION:
        raise ValueError(
            f"{path} is no adapter of this version (format_version {version}, expected {VERSION}); {AGAIN}"
        )
    checksum = entries.pop("sha256", "")
    if set(arrays) != set(ARRAYS) or checksum != _checksum(arrays, entries):
        raise ValueError(f"{path} is damaged: its content does not match its sha256; {AGAIN}")
    _check_arrays(path, arrays)
    card = _card(entries, checksum)
    if card.network_sha256 != network_sha256:
        raise ValueError(
            f"{path} is an adapter for another network or checkpoint: it belongs to {card.network} with weights "
            f"{card.network_sha256[:8]}, and these are {network_sha256[:8]}; {AGAIN}"
        )
    return Adapter(**arrays), card


def _check_arrays(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> None:
    outputs = arrays["weights"].shape[-1] if arrays["weights"].ndim else 0
    for name, array in arrays.items():
        shape = (array.shape[0], outputs) if name == "weights" and array.ndim == 2 else (outputs,)
        if array.shape != shape:
            raise ValueError(f"{path}: {name} has shape {array.shape}, expected {shape}; {AGAIN}")
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} holds numbers that are not finite; {AGAIN}")


def _entries(card: Card) -> dict[str, str]:
    """The card as texts by name."""
    fields: dict[str, Any] = {field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
    fields.pop("sha256")
    geometry = fields.pop("geometry")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    if geometry is not None:
        texts["geometry"] = json.dumps([np.asarray(each, float).tolist() for each in (geometry.mean, geometry.spread)])
    return {"format_version": VERSION, **texts, "note": NOTE}


def _card(entries: dict[str, str], checksum: str) -> Card:
    geometry = json.loads(entries["geometry"]) if "geometry" in entries else None
    return Card(
        person=entries["person"],
        method=entries["method"],
        frames=json.loads(entries["frames"]),
        seconds=json.loads(entries["seconds"]),
        has_neutral=json.loads(entries["has_neutral"]),
        network=entries["network"],
        network_sha256=entries["network_sha256"],
        geometry=None if geometry is None else Geometry(*map(np.array, geometry)),
        sha256=checksum,
    )


def _checksum(arrays: dict[str, np.ndarray], entries: dict[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(entries, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} ".encode())
        digest.update(np.ascontiguousarray(arrays[name], "<f4").tobytes())
    return digest.hexdigest()
