"""Options of the device mesh: its axes, and which parameters are sharded over them."""

import dataclasses
import re
from typing import Any

DATA = "data"  # the axis that batches are split over
REMAINING = -1
AXES_EXAMPLE = "(('data', -1), ('model', 4))"
RULES_EXAMPLE = "(('head/.*kernel', (None, None, None, 'model')), ('.*', ()))"


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """How devices are arranged, and how arrays are sharded over them."""

    # (name, number of devices) of each axis; -1 for one of them: all remaining devices. Batches are split over "data".
    axes: tuple = ((DATA, REMAINING),)
    # (regular expression for whole parameter paths, mesh axis or None for each dimension), such as
    # (".*/kernel", (None, None, None, "model")); the first that matches applies, and () replicates.
    rules: tuple = ((".*", ()),)

    def __post_init__(self):
        for entry in self.axes:
            _check_axis(entry)
        names = [name for name, _ in self.axes]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"axes names '{repeated[0]}' twice; give each axis its own name")
        if DATA not in names:
            raise ValueError(f"axes lacks '{DATA}', which batches are split over; add ('{DATA}', {REMAINING})")
        if sum(size == REMAINING for _, size in self.axes) > 1:
            raise ValueError(f"axes is {self.axes}; only one axis can be {REMAINING} (all remaining devices)")
        for entry in self.rules:
            _check_rule(entry, names)


def _check_axis(entry: Any) -> None:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or isinstance(entry[1], bool) or not isinstance(entry[1], int):
        raise ValueError(
            f"axes: {entry!r} is not a pair of a name and a number of devices; expected axes like {AXES_EXAMPLE}"
        )
    name, size = entry
    if size < 1 and size != REMAINING:
        raise ValueError(f"axes: '{name}' has {size} devices; expected at least 1, or {REMAINING} for all remaining")


def _check_rule(entry: Any, axes: list[str]) -> None:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair or not isinstance(entry[1], tuple):
        raise ValueError(
            f"rules: {entry!r} is not a pair of a pattern and a tuple with the axis of each dimension; expected rules "
            f"like {RULES_EXAMPLE}"
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
            raise ValueError(f"rules: '{pattern}' splits two dimensions over the axis '{axis}'; an axis can split one")
