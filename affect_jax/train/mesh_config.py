"""Options of the device mesh: its axes, and which parameters are split over them."""

import dataclasses
import re
from typing import Any

DATA = "data"  # the axis that batches are split over
REMAINING = -1
AXES_EXAMPLE = "(('data', -1), ('model', 4))"
RULES_EXAMPLE = "(('head/.*kernel', (None, None, None, 'model')), ('.*', ()))"


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """How devices are arranged and arrays are split over them."""

    axes: tuple = ((DATA, REMAINING),)  # (name, devices) of each axis; -1 for one of them: all devices that remain.
    # Batches are split over "data"
    rules: tuple = ((".*", ()),)  # (regular expression over whole parameter paths, the axis that splits each of its
    # dimensions, None where none does), such as (".*/kernel", (None, None, None, "model")); the first that matches
    # counts, and () keeps the whole parameter on each device

    def __post_init__(self):
        for entry in self.axes:
            _check_axis(entry)
        names = [name for name, _ in self.axes]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"axes names '{repeated[0]}' twice; give each axis a name of its own")
        if DATA not in names:
            raise ValueError(f"axes lacks '{DATA}', over which batches are split; add ('{DATA}', {REMAINING})")
        if sum(size == REMAINING for _, size in self.axes) > 1:
            raise ValueError(
                f"axes is {self.axes}; only one axis can be {REMAINING}, which takes the devices that remain"
            )
        for entry in self.rules:
            _check_rule(entry, names)


def _check_axis(entry: Any) -> None:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or isinstance(entry[1], bool) or not isinstance(entry[1], int):
        raise ValueError(
            f"axes: {entry!r} is not a pair of a name and a number of devices; expected such as {AXES_EXAMPLE}"
        )
    name, size = entry
    if size < 1 and size != REMAINING:
        raise ValueError(f"axes: '{name}' has {size} devices; expected at least 1, or {REMAINING} for all that remain")


def _check_rule(entry: Any, axes: list[str]) -> None:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or not isinstance(entry[1], tuple):
        raise ValueError(
            f"rules: {entry!r} is not a pair of a pattern and the axis of each dimension; expected such as "
            f"{RULES_EXAMPLE}"
        )
    pattern, partition = entry
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"rules: '{pattern}' is not a regular expression ({error})") from error
    used = [axis for axis in partition if axis is not None]
    for axis in used:
        if axis not in axes:
            raise ValueError(
                f"rules: '{pattern}' splits over the axis {axis!r}, which mesh.axes lacks; choose one of "
                f"{', '.join(axes)}, or add it to mesh.axes"
            )
        if used.count(axis) > 1:
            raise ValueError(f"rules: '{pattern}' splits two dimensions over the axis '{axis}'; it can split one")
