"""Conversion tables from another program's tensor names to ours; every tensor on both sides is accounted for."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert.tensors import Tensors

Layout = Literal["as it is", "channels", "convolution", "3-D convolution", "1x1 convolution", "linear"]
COUNTER = ".num_batches_tracked"  # number of updates of a norm, needed neither for evaluation nor for our training


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a tensor goes in our network, its layout, and its shape in the file.

    One value for each channel may have axes of length 1 before it, which its shape here lacks.
    """

    place: str  # our flat name
    layout: Layout
    shape: tuple[int, ...]


def convolution(name: str, path: str, inputs: int, outputs: int, kernel: int, bias: bool = True) -> dict[str, Entry]:
    """Entries of a square convolution; a 1x1 convolution becomes a linear layer over channels."""
    layout: Layout = "convolution" if kernel > 1 else "1x1 convolution"
    entries = {f"{name}.weight": Entry(f"{path}/kernel", layout, (outputs, inputs, kernel, kernel))}
    if bias:
        entries[f"{name}.bias"] = Entry(f"{path}/bias", "as it is", (outputs,))
    return entries


def linear(name: str, path: str, inputs: int, outputs: int) -> dict[str, Entry]:
    """Entries of a linear layer."""
    return {
        f"{name}.weight": Entry(f"{path}/kernel", "linear", (outputs, inputs)),
        f"{name}.bias": Entry(f"{path}/bias", "as it is", (outputs,)),
    }


def norm(name: str, path: str, width: int) -> dict[str, Entry]:
    """Entries of a batch normalization, without its counter."""
    parts = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
    return {f"{name}.{theirs}": Entry(f"{path}/{ours}", "as it is", (width,)) for theirs, ours in parts.items()}


def counters(table: Mapping[str, Entry]) -> set[str]:
    """Returns the names of the counters that belong to the norms of a table."""
    return {name.removesuffix(".running_mean") + COUNTER for name in table if name.endswith(".running_mean")}


@dataclasses.dataclass(frozen=True)
class Converted:
    """Our arrays by flat name, and an account of the entries of the file."""

    arrays: Tensors
    entries: int  # number of entries in the file
    not_needed: tuple[str, ...]  # names of the norms' counters
    left_out: tuple[str, ...] = ()  # names of entries that have no place in our network
    notes: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # what else source.json says of them


def convert(
    tensors: Tensors, table: Mapping[str, Entry], what: str, where: str, left_out: tuple[str, ...] = ()
) -> Converted:
    """Converts every tensor to float32 in our layout, except those whose names begin with an entry of `left_out`.

    ValueError names missing or unused tensors and wrong shapes.
    """
    not_needed = sorted(set(tensors) & counters(table))
    omitted = sorted(name for name in tensors if name.startswith(left_out))
    missing = sorted(set(table) - set(tensors))
    unused = sorted(set(tensors) - set(table) - set(not_needed) - set(omitted))
    if missing or unused:
        problems = []
        if missing:
            problems.append(f"lacks {_abbreviate(missing)}")
        if unused:
            problems.append(f"has unexpected entries {_abbreviate(unused)}")
        raise ValueError(
            f"{where} is not a checkpoint of {what}: it {' and '.join(problems)} (of {len(tensors)} entries)"
        )
    for name, entry in table.items():
        if _stated_shape(tensors[name], entry.layout) != entry.shape:
            raise ValueError(f"{where}: '{name}' has shape {tensors[name].shape}, expected {entry.shape} in {what}")
        if not np.issubdtype(tensors[name].dtype, np.floating) or not np.isfinite(tensors[name]).all():
            raise ValueError(f"{where}: '{name}' ({tensors[name].dtype}) has values that are not finite numbers")
    arrays = {entry.place: _change_layout(tensors[name], entry.layout) for name, entry in table.items()}
    if len(arrays) != len(table):
        raise ValueError(f"the conversion table of {what} maps two tensors to the same name")
    return Converted(arrays, len(tensors), tuple(not_needed), tuple(omitted))


def _abbreviate(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return f"{shown} ... ({len(names)} in all)" if len(names) > 4 else shown


def _stated_shape(tensor: Shaped[np.ndarray, "..."], layout: Layout) -> tuple[int, ...]:
    shape = tensor.shape
    while layout == "channels" and len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _change_layout(tensor: Shaped[np.ndarray, "..."], layout: Layout) -> Shaped[np.ndarray, "..."]:
    if layout == "convolution":
        # [output, input, height, width] to [height, width, input, output]
        tensor = tensor.transpose(2, 3, 1, 0)
    elif layout == "3-D convolution":
        # [output, input, time, height, width] to [time, height, width, input, output]
        tensor = tensor.transpose(2, 3, 4, 1, 0)
    elif layout == "channels":
        tensor = tensor.reshape(-1)
    elif layout == "1x1 convolution":
        tensor = tensor[:, :, 0, 0].T
    elif layout == "linear":
        tensor = tensor.T
    return np.ascontiguousarray(tensor, dtype=np.float32)
