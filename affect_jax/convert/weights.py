"""Reads the tensors of a checkpoint file by name, whatever its format.

Which of them are the network's is decided in `copies.py`.
"""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert import npz_file, safetensors_file, torch_archive
from affect_jax.convert.tensors import Module, Tensor, Tensors

MAX_FILE_BYTES = 4 * 2**30


@dataclasses.dataclass(frozen=True)
class Weights:
    """The tensors of a file, its format and its checksum."""

    states: Mapping[str, Tensors]  # every dict of tensors, by the keys that lead to it, such as "state_dict."
    form: str
    sha256: str


def read(path: pathlib.Path) -> Weights:
    """Reads a .pth file in either format, a TorchScript archive, .safetensors or .npz, without executing any of it.

    ValueError says what is wrong with a file that is damaged, malicious or of another kind.
    """
    form, found = _load(path)
    if isinstance(found, Module):
        form = "torchscript"
    states = _states(found, "", path, set())
    if not states:
        content = ", ".join(map(str, list(found)[:5])) if isinstance(found, dict) else type(found).__name__
        raise ValueError(f"{path} has no tensors by name, at the top level or under any key; it has: {content}")
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    return Weights(states, form, fingerprint)


def _load(path: pathlib.Path) -> tuple[str, Any]:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{path} has {size} bytes; networks of this kind have about 60 million")
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(torch_archive.ZIP_START) and npz_file.is_npz(path):
        return "npz", npz_file.read(path)
    if start.startswith(torch_archive.ZIP_START):
        return "torch zip", torch_archive.read_zip(path)
    if torch_archive.is_legacy(start):
        return "torch legacy", torch_archive.read_legacy(path)
    if safetensors_file.is_safetensors(start):
        return "safetensors", safetensors_file.read(path)
    raise ValueError(
        f"{path} is neither a torch.save, a safetensors nor an npz file: it starts with {start[:8]!r} and has {size} "
        "bytes. Is the download incomplete, or a web page instead of the file?"
    )


def _states(found: Any, keys: str, path: pathlib.Path, visited: set[int]) -> dict[str, Tensors]:
    """Collects the dicts of tensors at any depth; a TorchScript network is one of them."""
    if not isinstance(found, dict) or id(found) in visited:
        return {}
    visited.add(id(found))
    named = _attributes(found) if isinstance(found, Module) else _named(found)
    tensors = {name: value for name, value in named.items() if isinstance(value, Tensor | np.ndarray)}
    states = {keys: _arrays(tensors, path)} if tensors else {}
    for name, value in named.items():
        states |= _states(value, f"{keys}{name}.", path, visited)
    return states


def _named(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if isinstance(name, str)}


def _attributes(module: Module, where: str = "") -> dict[str, Any]:
    """Collects the tensors of a TorchScript network under dotted names; its other attributes are settings."""
    found: dict[str, Any] = {}
    for name, value in module.items():
        if isinstance(value, Module):
            found |= _attributes(value, f"{where}{name}.")
        elif isinstance(value, Tensor):
            found[f"{where}{name}"] = value
    return found


def _arrays(tensors: Mapping[str, Tensor | np.ndarray], path: pathlib.Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    arrays = {}
    for name, value in tensors.items():
        try:
            arrays[name] = value.array() if isinstance(value, Tensor) else value
        except ValueError as error:
            raise ValueError(f"{path}, entry '{name}': {error}") from None
    return arrays
