"""Reads the tensors of a checkpoint file by name, whatever its format."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert import safetensors_file, torch_archive
from affect_jax.convert.tensors import Module, Tensor

NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "ema_state_dict")  # tried in this order
PREFIX = "module."  # added by PyTorch's DataParallel
MAX_FILE_BYTES = 4 * 2**30


@dataclasses.dataclass(frozen=True)
class Weights:
    """The tensors of a file, its format and its checksum."""

    tensors: Mapping[str, Shaped[np.ndarray, "..."]]
    form: str
    sha256: str


def read(path: pathlib.Path) -> Weights:
    """Reads a .pth file in either format, a TorchScript archive or a .safetensors file, without executing any of it.

    ValueError says what is wrong with a file that is damaged, malicious or of another kind.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{path} has {size} bytes; networks of this kind have about 60 million")
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(torch_archive.ZIP_START):
        form, found = "torch zip", torch_archive.read_zip(path)
    elif torch_archive.is_legacy(start):
        form, found = "torch legacy", torch_archive.read_legacy(path)
    elif safetensors_file.is_safetensors(start):
        form, found = "safetensors", safetensors_file.read(path)
    else:
        raise ValueError(
            f"{path} is neither a torch.save nor a safetensors file: it starts with {start[:8]!r} and has {size} "
            "bytes. Is the download incomplete, or a web page instead of the file?"
        )
    if isinstance(found, Module):
        form = "torchscript"
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
    return Weights(_without_prefix(_arrays(_state(found, path), path)), form, fingerprint)


def _state(found: Any, path: pathlib.Path) -> dict[str, Any]:
    """Finds the dict of tensors: the contents of the file, or one entry of them."""
    if isinstance(found, Module):
        return _attributes(found)
    if isinstance(found, dict) and any(isinstance(value, Tensor | np.ndarray) for value in found.values()):
        return found
    for name in NESTED:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            return _state(found[name], path)
    content = ", ".join(map(str, list(found)[:5])) if isinstance(found, dict) else type(found).__name__
    raise ValueError(
        f"{path} has no tensors by name, neither at the top level nor under {', '.join(NESTED)}; it has: {content}"
    )


def _attributes(module: Module, where: str = "") -> dict[str, Any]:
    """Collects the tensors of a TorchScript network under dotted names; its other attributes are settings."""
    found: dict[str, Any] = {}
    for name, value in module.items():
        if isinstance(value, Module):
            found |= _attributes(value, f"{where}{name}.")
        elif isinstance(value, Tensor):
            found[f"{where}{name}"] = value
    return found


def _arrays(state: Mapping[str, Any], path: pathlib.Path) -> dict[str, Shaped[np.ndarray, "..."]]:
    arrays = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor | np.ndarray):
            raise ValueError(f"{path}, entry {name!r} is of type {type(value).__name__}, expected a tensor")
        try:
            arrays[name] = value.array() if isinstance(value, Tensor) else value
        except ValueError as error:
            raise ValueError(f"{path}, entry '{name}': {error}") from None
    return arrays


def _without_prefix(arrays: dict[str, Any]) -> dict[str, Any]:
    if all(name.startswith(PREFIX) for name in arrays):
        return {name.removeprefix(PREFIX): array for name, array in arrays.items()}
    return arrays
