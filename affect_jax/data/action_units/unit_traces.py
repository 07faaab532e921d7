"""Intensities of action units over the frames of a recording, left and right."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float


@dataclasses.dataclass(frozen=True)
class UnitTraces:
    """The units of one face, in the scale of their source.

    A source without sides has the same values on both.
    """

    source: str  # of the units, for messages: a file, or "rendered faces"
    units: tuple[int, ...]  # numbers of FACS, in order
    left: Float[np.ndarray, "frame unit"]  # of the person
    right: Float[np.ndarray, "frame unit"]
    found: Bool[np.ndarray, "frame"]  # whether the face was found; other rows are ignored
    times_seconds: Float[np.ndarray, "frame"]

    def __len__(self) -> int:
        return len(self.found)

    def place(self, unit: int) -> int:
        """The column of a unit."""
        return self.units.index(unit)

    def swap(self) -> "UnitTraces":
        """The same with left and right exchanged, for sources that name sides as the camera sees them."""
        return dataclasses.replace(self, left=self.right, right=self.left)


def join_traces(parts: Sequence[UnitTraces]) -> UnitTraces:
    """All recordings of a person, one after the other; ValueError if they have different units."""
    if others := [part for part in parts if part.units != parts[0].units]:
        raise ValueError(
            f"{others[0].source} has the units {_listed(others[0].units)}, {parts[0].source} has "
            f"{_listed(parts[0].units)}; the recordings of a person need the same program"
        )
    join = lambda name: np.concatenate([getattr(part, name) for part in parts])
    arrays = {name: join(name) for name in ("left", "right", "found", "times_seconds")}
    return UnitTraces(parts[0].source, parts[0].units, **arrays)


def _listed(units: Sequence[int]) -> str:
    return ", ".join(map(str, units))
