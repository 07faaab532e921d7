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
    """What is known of one quantity; a weight of 0 says "not labeled", and then the value is never looked at."""

    value: ArrayLike  # [*batch, ...], as `quantities/` says
    weight: ArrayLike  # [*batch]


class ByQuantity(Mapping[str, Any]):
    """An immutable mapping from the name of a quantity (`quantities/`) to what is known of it; a pytree."""

    def __init__(self, **entries: Any):
        self._entries = {name: entries[name] for name in sorted(entries) if entries[name] is not None}

    def __init_subclass__(cls) -> None:
        jax.tree_util.register_pytree_with_keys(cls, _flatten_with_keys, cls._unflatten)

    @classmethod
    def _unflatten(cls, names: tuple[str, ...], entries: Sequence[Any]) -> "ByQuantity":
        made = object.__new__(cls)  # entries may be anything that a tree can hold, None and placeholders too
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
        """The same with some entries exchanged or added; None takes one out."""
        return type(self)(**{**self._entries, **entries})


def _flatten_with_keys(mapping: ByQuantity) -> tuple[list[tuple], tuple[str, ...]]:
    entries = [(jax.tree_util.DictKey(name), mapping[name]) for name in mapping]
    return entries, tuple(mapping)


class Labels(ByQuantity):
    """A `Label` for each quantity that a data set knows anything of."""


class Predictions(ByQuantity):
    """The raw output of each head that a model has, before `Quantity.report`."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a model is given of each face; only what it takes is read from the data set."""

    images: Float[ArrayLike, "*batch height width 3"] | None = None  # RGB in [0, 1]
    landmarks: Float[ArrayLike, "*batch landmark 2"] | None = None  # (x, y) in pixels of the crop
    features: Float[ArrayLike, "*batch feature"] | None = None  # computed before, as the data set holds them

    @property
    def only(self) -> ArrayLike:
        """The one input that was read, which a model is called with; ValueError where there is another number."""
        read = [value for value in (self.images, self.landmarks, self.features) if value is not None]
        if len(read) != 1:
            raise ValueError(f"the batch holds {len(read)} inputs; a network takes one of images, landmarks, features")
        return read[0]

    def take(self, names: Sequence[str]) -> tuple[ArrayLike, ...]:
        """The named inputs in that order, as a model takes them; ValueError for one that was not read."""
        found = {name: getattr(self, name) for name in names}
        if missing := [name for name, value in found.items() if value is None]:
            raise ValueError(f"the batch holds no {missing[0]}, which the network takes; let the loader read them")
        return tuple(found.values())


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Batch:
    """Cropped faces and their labels. Inputs of clips carry a time axis after the batch axis; so do the labels."""

    inputs: Inputs
    labels: Labels
    weight: Float[ArrayLike, "*batch"]  # 1, and 0 for padding
    index: Int[ArrayLike, "*batch"]  # position of the example in its source
    subject: Int[ArrayLike, "*batch"]  # number of the subject in its source; -1 where it is not known


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TaskVariables:
    """What a task carries from step to step; nothing for most."""

    parameters: Any = dataclasses.field(default_factory=dict)  # name -> array: trained beside the network's, logged
    memory: Any = None  # what it remembers of earlier batches


@dataclasses.dataclass(frozen=True)
class Example:
    """One face of a data set: all that is known without reading the image."""

    name: str  # unique in its source and telling to a person: "images/a.jpg" or "subject_003/clip_01/00042"
    subject: str
    clip: str  # "" for a photograph
    frame: int  # position in the clip, 0 for a photograph
    time_seconds: float
    labels: Labels  # of numpy scalars and arrays without a batch axis
    features: Float[np.ndarray, "feature"] | None = None  # computed before; None where the data set has none


@runtime_checkable
class Source(Protocol):
    """A data set at rest. Items are `examples[i]` with `image(i)`; both are pure functions of the index."""

    label_set: str  # name in `emotions.LABEL_SETS`
    examples: Sequence[Example]

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels as stored; raises `UnreadableImage`, naming file and row."""
        ...


class UnreadableImage(ValueError):
    """An image that cannot be read; the message names the file, the row and the reason."""
