"""The records that travel between layers."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

LANDMARKS = 68  # the iBUG scheme

ArrayLike = Array | np.ndarray | np.generic  # numpy scalars too: the labels of one example


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Label:
    """The label of one quantity; a weight of 0 means "not labeled", and the value is then ignored."""

    value: ArrayLike  # [*batch, ...]; see `quantities/`
    weight: ArrayLike  # [*batch]


class ByQuantity(Mapping[str, Any]):
    """An immutable mapping from the name of a quantity (see `quantities/`) to its value; a pytree."""

    def __init__(self, **entries: Any):
        self._entries = {name: entries[name] for name in sorted(entries) if entries[name] is not None}

    def __init_subclass__(cls) -> None:
        jax.tree_util.register_pytree_with_keys(cls, _flatten_with_keys, cls._unflatten)

    @classmethod
    def _unflatten(cls, names: tuple[str, ...], entries: Sequence[Any]) -> "ByQuantity":
        made = object.__new__(cls)  # entries may be any leaves, including None and placeholders
        made._entries = dict(zip(names, entries, strict=True))
        return made

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        entries = ", ".join(f"{name}={entry!r}" for name, entry in self.items())
        return f"{type(self).__name__}({entries})"

    def replace(self, **entries: Any) -> "ByQuantity":
        """Returns a copy with some entries replaced or added; None removes an entry."""
        return type(self)(**{**self._entries, **entries})


def _flatten_with_keys(mapping: ByQuantity) -> tuple[list[tuple], tuple[str, ...]]:
    entries = [(jax.tree_util.DictKey(name), mapping[name]) for name in mapping]
    return entries, tuple(mapping)


class Labels(ByQuantity):
    """A `Label` for each quantity that a data set annotates."""


class Predictions(ByQuantity):
    """The raw output of each head of a model, before `Quantity.report`."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Inputs:
    """The inputs of a model for each face; only those that the model takes are loaded.

    Images are RGB in [0, 1]. On the way from a loader to the devices, they are uint8 in 0 to 255: a quarter of the
    bytes. `Placement.spread` converts them.
    """

    images: Float[ArrayLike, "*batch height width 3"] | UInt8[ArrayLike, "*batch height width 3"] | None = None
    landmarks: Float[ArrayLike, "*batch landmark 2"] | None = None  # (x, y) in pixels of the crop
    features: Float[ArrayLike, "*batch feature"] | None = None  # precomputed and stored with the data set

    @property
    def only(self) -> ArrayLike:
        """Returns the only input that was loaded, for calling the model; ValueError unless there is exactly one."""
        loaded = [value for value in (self.images, self.landmarks, self.features) if value is not None]
        if len(loaded) != 1:
            raise ValueError(f"the batch has {len(loaded)} inputs; a network takes one of images, landmarks, features")
        return loaded[0]

    def take(self, names: Sequence[str]) -> tuple[ArrayLike, ...]:
        """Returns the named inputs in the given order; ValueError for one that was not loaded."""
        found = {name: getattr(self, name) for name in names}
        if missing := [name for name, value in found.items() if value is None]:
            raise ValueError(
                f"the batch has no {missing[0]}, which the network takes as input; have the loader read them"
            )
        return tuple(found.values())


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Batch:
    """Cropped faces and their labels. For clips, inputs and labels have a time axis after the batch axis."""

    inputs: Inputs
    labels: Labels
    weight: Float[ArrayLike, "*batch"]  # 1, or 0 for padding
    index: Int[ArrayLike, "*batch"]  # position of the example in its source
    subject: Int[ArrayLike, "*batch"]  # index of the subject in its source; -1 if unknown


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TaskVariables:
    """State that a task carries from step to step; empty for most tasks."""

    parameters: Any = dataclasses.field(
        default_factory=dict
    )  # name -> array; trained along with the network and logged
    memory: Any = None  # statistics of earlier batches


@dataclasses.dataclass(frozen=True)
class Example:
    """One face of a data set: everything but the pixels."""

    name: str  # unique in its source and readable: "images/a.jpg" or "subject_003/clip_01/00042"
    subject: str
    clip: str  # "" for a still image
    frame: int  # position in the clip; 0 for a still image
    time_seconds: float
    labels: Labels  # NumPy scalars and arrays without a batch axis
    features: Float[np.ndarray, "feature"] | None = None  # precomputed; None if the data set has none


@runtime_checkable
class Source(Protocol):
    """A data set with random access: `examples[i]` and `image(i)` are pure functions of the index."""

    label_set: str  # a key of `emotions.LABEL_SETS`
    examples: Sequence[Example]

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels as stored; raises `UnreadableImage`, which names the file and row."""
        ...


class UnreadableImage(ValueError):
    """An image that cannot be read; the message names the file, the row and the reason."""
