"""Tables from the names of another program to ours: every tensor on both sides is accounted for."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import Shaped

Layout = Literal["as it is", "convolution", "1x1 convolution", "linear"]
COUNTER = ".num_batches_tracked"  # how often a norm was trained; evaluation and our training need none


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a tensor goes, how it lies there, and the shape it has in the file."""

    place: str  # our flat name
    layout: Layout
    shape: tuple[int, ...]


def convolution(name: str, place: str, inputs: int, outputs: int, kernel: int, bias: bool = True) -> dict[str, Entry]:
    """A square convolution; one of size 1 is a linear layer over channels here."""
    layout: Layout = "convolution" if kernel > 1 else "1x1 convolution"
    made = {f"{name}.weight": Entry(f"{place}/kernel", layout, (outputs, inputs, kernel, kernel))}
    return made | ({f"{name}.bias": Entry(f"{place}/bias", "as it is", (outputs,))} if bias else {})


def linear(name: str, place: str, inputs: int, outputs: int) -> dict[str, Entry]:
    """A linear layer."""
    return {
        f"{name}.weight": Entry(f"{place}/kernel", "linear", (outputs, inputs)),
        f"{name}.bias": Entry(f"{place}/bias", "as it is", (outputs,)),
    }


def norm(name: str, place: str, width: int) -> dict[str, Entry]:
    """A batch normalization; its counter is not in the table, because nothing here needs it."""
    parts = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
    return {f"{name}.{theirs}": Entry(f"{place}/{ours}", "as it is", (width,)) for theirs, ours in parts.items()}


def counters(table: Mapping[str, Entry]) -> set[str]:
    """Names of the counters that belong to the norms of a table."""
    return {name.removesuffix(".running_mean") + COUNTER for name in table if name.endswith(".running_mean")}


@dataclasses.dataclass(frozen=True)
class Converted:
    """Our arrays by flat name, and what became of every entry of the file."""

    arrays: Mapping[str, Shaped[np.ndarray, "..."]]
    entries: int  # in the file
    not_needed: tuple[str, ...]  # counters of the norms


def convert(
    tensors: Mapping[str, Shaped[np.ndarray, "..."]], table: Mapping[str, Entry], what: str, where: str
) -> Converted:
    """Takes every tensor to its place, as float32; ValueError names what is missing, left over or of another shape."""
    not_needed = sorted(set(tensors) & counters(table))
    missing = sorted(set(table) - set(tensors))
    unused = sorted(set(tensors) - set(table) - set(not_needed))
    if missing or unused:
        parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"holds {_some(unused)} too many"] * bool(unused)
        raise ValueError(f"{where} is no {what}: it {' and '.join(parts)} (of {len(tensors)} entries)")
    for name, entry in table.items():
        if tensors[name].shape != entry.shape:
            raise ValueError(f"{where}: '{name}' has shape {tensors[name].shape}, expected {entry.shape} in {what}")
        if not np.issubdtype(tensors[name].dtype, np.floating) or not np.isfinite(tensors[name]).all():
            raise ValueError(f"{where}: '{name}' ({tensors[name].dtype}) holds values that are no finite numbers")
    arrays = {entry.place: _laid(tensors[name], entry.layout) for name, entry in table.items()}
    if len(arrays) != len(table):
        raise ValueError(f"the table of {what} takes two tensors to one place")
    return Converted(arrays, len(tensors), tuple(not_needed))


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:4])}{f' ... ({len(names)} in all)' if len(names) > 4 else ''}"


def _laid(tensor: Shaped[np.ndarray, "..."], layout: Layout) -> Shaped[np.ndarray, "..."]:
    if layout == "convolution":  # [output, input, height, width] to [height, width, input, output]
        tensor = tensor.transpose(2, 3, 1, 0)
    elif layout == "1x1 convolution":
        tensor = tensor[:, :, 0, 0].T
    elif layout == "linear":
        tensor = tensor.T
    return np.ascontiguousarray(tensor, dtype=np.float32)
