"""The records that travel between layers."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

VALENCE, AROUSAL = 0, 1  # index on the last axis of `valence_arousal`
DIMENSIONS = ("valence", "arousal")
LANDMARKS = 68  # the iBUG scheme

ArrayLike = Array | np.ndarray | np.generic  # numpy scalars too: the labels of one example


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Labels:
    """What is known of a face; a weight of 0 says "not labeled", and then the value is never looked at."""

    valence_arousal: Float[ArrayLike, "*batch 2"]  # in [-1, 1]
    valence_arousal_weight: Float[ArrayLike, "*batch"]
    emotion: Float[ArrayLike, "*batch emotion"]  # probabilities over the label set; 1 and 0s where one was named
    emotion_weight: Float[ArrayLike, "*batch"]
    landmarks: Float[ArrayLike, "*batch 68 2"]  # (x, y) in pixels of the image that travels with them
    landmarks_weight: Float[ArrayLike, "*batch"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Batch:
    """Cropped faces and their labels. Images of clips carry a time axis after the batch axis; so do the labels."""

    images: Float[ArrayLike, "*batch height width 3"]  # RGB in [0, 1]
    labels: Labels
    weight: Float[ArrayLike, "*batch"]  # 1, and 0 for padding
    index: Int[ArrayLike, "*batch"]  # position of the example in its source


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Predictions:
    """What a model says of a batch; None where it has no such head."""

    valence_arousal: Float[ArrayLike, "*batch 2"] | None = None  # linear, not clipped
    emotion_logits: Float[ArrayLike, "*batch emotion"] | None = None
    heatmaps: Float[ArrayLike, "*batch module height width 68"] | None = None  # raw, one set per hourglass


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TaskVariables:
    """What a task carries from step to step; nothing for most."""

    parameters: Any = dataclasses.field(default_factory=dict)  # name -> array: trained beside the network's, logged
    memory: Any = None  # what it remembers of earlier batches


@dataclasses.dataclass(frozen=True)
class Example:
    """One face of a data set: all that is known without reading the picture."""

    name: str  # unique in its source and telling to a person: "images/a.jpg" or "subject_003/clip_01/00042"
    subject: str
    clip: str  # "" for a photograph
    frame: int  # position in the clip, 0 for a photograph
    time_seconds: float
    labels: Labels  # numpy scalars and one [68, 2] array, no batch axis


@runtime_checkable
class Source(Protocol):
    """A data set at rest. Items are `examples[i]` with `image(i)`; both are pure functions of the index."""

    label_set: str  # name in `emotions.LABEL_SETS`
    examples: Sequence[Example]

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels as stored; raises `UnreadableImage`, naming file and row."""
        ...


class UnreadableImage(ValueError):
    """A picture that cannot be read; the message names the file, the row and the reason."""
