"""Options of the device mesh: the devices along each axis, and which parameters are split."""

import dataclasses
import math
import re
from typing import Any

DATA, FSDP, TIME = "data", "fsdp", "time"
AXES = (DATA, FSDP, TIME)
REMAINING = -1
LARGEST, WHOLE = "largest", "whole"
RULES_EXAMPLE = "(('head/.*/kernel', 3), ('trunk/.*', 'whole'), ('.*', 'largest'))"


@dataclasses.dataclass(frozen=True)
class MeshConfig:
    """How many devices the mesh has along each axis, and which parameters are split over those of `fsdp`.

    data: devices that batches are split over. One of the three may be -1: all devices that remain.
    fsdp: devices that batches are split over too, and between steps parameters with their moments and averages.
    time: devices that the frames of each clip are split over.
    rules: (regular expression for whole parameter paths, what is split over fsdp) pairs, the first that matches
        applies: "largest", the largest dimension that can be divided, of arrays with two or more; "whole"; or the
        number of a dimension, such as 3 for the outputs of a kernel [height, width, input, output].
    """

    data: int = REMAINING
    fsdp: int = 1
    time: int = 1
    rules: tuple = ((".*", LARGEST),)

    def __post_init__(self):
        for name in AXES:
            size = getattr(self, name)
            if size < 1 and size != REMAINING:
                raise ValueError(f"{name} is {size} devices; expected at least 1, or {REMAINING} for all remaining")
        open_axes = [name for name in AXES if getattr(self, name) == REMAINING]
        if len(open_axes) > 1:
            raise ValueError(
                f"{' and '.join(open_axes)} are {REMAINING}; only one axis can take all remaining devices: set the "
                "other to a number, such as 1"
            )
        for entry in self.rules:
            _check_rule(entry)


def axis_sizes(config: MeshConfig, devices: int) -> tuple[int, ...]:
    """The sizes of the axes, with the remaining devices assigned; ValueError if they do not use all devices."""
    sizes = [getattr(config, name) for name in AXES]
    fixed = math.prod(size for size in sizes if size != REMAINING)
    rest, left_over = divmod(devices, fixed)
    if left_over or (REMAINING not in sizes and rest != 1):
        wanted = f"a multiple of {fixed}" if REMAINING in sizes else str(fixed)
        given = ", ".join(f"mesh.{name}={size}" for name, size in zip(AXES, sizes, strict=True))
        raise ValueError(
            f"{given} needs {wanted} devices, but there are {devices}; choose sizes whose product is {devices}, or "
            f"{REMAINING} for one of them to take all remaining devices"
        )
    return tuple(rest if size == REMAINING else size for size in sizes)


def _check_rule(entry: Any) -> None:
    is_pair = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
    if not is_pair:
        raise ValueError(f"rules: {entry!r} is not a pair of a pattern and what to split; expected {RULES_EXAMPLE}")
    pattern, split = entry
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"rules: '{pattern}' is not a regular expression ({error})") from error
    is_dimension = isinstance(split, int) and not isinstance(split, bool) and split >= 0
    if split not in (LARGEST, WHOLE) and not is_dimension:
        raise ValueError(
            f"rules: '{pattern}' has {split!r}; choose '{LARGEST}', '{WHOLE}' or the number of a dimension from 0"
        )
