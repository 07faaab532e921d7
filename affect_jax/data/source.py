"""Data sets at rest: examples in columns, and sources made of other sources."""

import bisect
import dataclasses
from collections.abc import Sequence

import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax import emotions
from affect_jax.files import image_files
from affect_jax.types import LANDMARKS, Example, Labels, Source

LEAST_SHARE = 0.5  # of the votes for an emotion that another label set must have
Texts = Sequence[str] | np.ndarray  # numpy: of strings or objects


class Table(Sequence):
    """Examples held as columns, so that half a million of them fit in memory; an item is made when asked for."""

    def __init__(
        self,
        names: Texts,
        subjects: Texts,
        clips: Texts,
        frames: Int[np.ndarray, "example"],
        time_seconds: Float[np.ndarray, "example"],
        labels: Labels,
    ):
        self.names, self.subjects, self.clips = (np.array(column, object) for column in (names, subjects, clips))
        self.frames, self.time_seconds = np.asarray(frames), np.asarray(time_seconds)
        self.labels = labels

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Example:
        return Example(
            name=str(self.names[index]),
            subject=str(self.subjects[index]),
            clip=str(self.clips[index]),
            frame=int(self.frames[index]),
            time_seconds=float(self.time_seconds[index]),
            labels=label_row(self.labels, index),
        )

    def take(self, indices: Int[np.ndarray, "chosen"]) -> "Table":
        """The chosen examples, in that order."""
        columns = [column[indices] for column in (self.names, self.subjects, self.clips)]
        return Table(*columns, self.frames[indices], self.time_seconds[indices], label_row(self.labels, indices))


def label_row(labels: Labels, index) -> Labels:
    """Labels of one example, or of several, out of labels with a leading axis."""
    return jax.tree.map(lambda column: column[index], labels)


def no_labels(count: int, emotions: int) -> Labels:
    """Labels of `count` examples of which nothing is known, to be filled in; `emotions` as in its label set."""
    return Labels(
        valence_arousal=np.zeros((count, 2), np.float32),
        valence_arousal_weight=np.zeros(count, np.float32),
        emotion=np.zeros((count, emotions), np.float32),
        emotion_weight=np.zeros(count, np.float32),
        landmarks=np.zeros((count, LANDMARKS, 2), np.float32),
        landmarks_weight=np.zeros(count, np.float32),
    )


def as_table(examples: Sequence[Example]) -> Table:
    """Any examples as columns."""
    if isinstance(examples, Table):
        return examples
    rows = list(examples)
    labels = no_labels(0, 0)
    if rows:
        labels = jax.tree.map(lambda *leaves: np.stack(leaves), *(row.labels for row in rows))
    return Table(
        [row.name for row in rows],
        [row.subject for row in rows],
        [row.clip for row in rows],
        np.array([row.frame for row in rows], np.int64),
        np.array([row.time_seconds for row in rows], np.float64),
        labels,
    )


class PictureFiles:
    """A source of loose picture files.

    `places` says where each example was listed, for messages. `upright` obeys EXIF turns: False where landmarks are
    given in stored pixels. `boxes` holds a square (left, top, side) in px for examples of which only a part is to be
    seen, side 0 for the whole picture.
    """

    def __init__(
        self,
        label_set: str,
        examples: Table,
        paths: Sequence[str],
        places: Sequence[str],
        upright: bool = True,
        boxes: Int[np.ndarray, "example 3"] | None = None,
    ):
        self.label_set, self.examples, self.paths, self.places = label_set, examples, paths, places
        self.upright, self.boxes = upright, boxes

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels; raises `UnreadableImage`, naming file and row."""
        image = image_files.read(self.paths[index], f"{self.places[index]} ({self.paths[index]})", self.upright)
        if self.boxes is None or self.boxes[index, 2] == 0:
            return image
        left, top, side = (int(value) for value in self.boxes[index])
        cut = np.zeros((side, side, 3), np.uint8)
        height, width = image.shape[:2]
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        if x1 > x0 and y1 > y0:
            cut[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
        return cut


class Subset:
    """The chosen examples of a source, in the order of `indices`."""

    def __init__(self, source: Source, indices: Sequence[int] | Int[np.ndarray, "chosen"]):
        self.source, self.indices = source, np.asarray(indices, np.int64)
        self.label_set = source.label_set
        self.examples = as_table(source.examples).take(self.indices)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of the chosen example; errors as of the source."""
        return self.source.image(int(self.indices[index]))


class Concatenated:
    """Sources one after the other; `parts` are the sources and `starts` the index of the first example of each."""

    def __init__(self, sources: Sequence[Source]):
        label_sets = sorted({source.label_set for source in sources})
        if len(label_sets) != 1:
            raise ValueError(f"cannot join sources with label sets {label_sets}; bring all to one (with_label_set)")
        self.label_set, self.parts = label_sets[0], tuple(sources)
        tables = [as_table(source.examples) for source in sources]
        self.starts = tuple(np.cumsum([0] + [len(table) for table in tables])[:-1].tolist())
        columns = ("names", "subjects", "clips", "frames", "time_seconds")
        self.examples = Table(
            *(np.concatenate([getattr(table, column) for table in tables]) for column in columns),
            labels=jax.tree.map(lambda *leaves: np.concatenate(leaves), *(table.labels for table in tables)),
        )

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of an example of the part that holds it; errors as of that part."""
        if not 0 <= index < len(self.examples):
            raise IndexError(f"example {index} of {len(self.examples)}")
        part = bisect.bisect_right(self.starts, index) - 1
        return self.parts[part].image(index - self.starts[part])


def translation_matrix(source: str, target: str) -> Float[np.ndarray, "source target"]:
    """1 where an emotion of `source` is one of `target`, 0 elsewhere."""
    index = emotions.translation(source, target)
    return (index[:, None] == np.arange(len(emotions.names(target)))[None]).astype(np.float32)


class Relabeled:
    """A source in another label set; see `with_label_set`."""

    def __init__(self, source: Source, target: str):
        table = as_table(source.examples)
        kept = table.labels.emotion @ translation_matrix(source.label_set, target)
        share = kept.sum(-1)
        known = share > LEAST_SHARE
        labels = dataclasses.replace(
            table.labels,
            emotion=np.where(known[:, None], kept / np.where(known, share, 1)[:, None], 0).astype(np.float32),
            emotion_weight=np.where(known, table.labels.emotion_weight, np.float32(0)),
        )
        columns = (table.names, table.subjects, table.clips, table.frames, table.time_seconds)
        self.source, self.label_set, self.examples = source, target, Table(*columns, labels)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Pixels of the same example; errors as of the source."""
        return self.source.image(index)


def with_label_set(source: Source, target: str) -> Source:
    """The source with emotions counted in `target`.

    An example keeps its emotion if `target` has more than half of what was voted for; the rest of the votes is dropped.
    """
    return source if source.label_set == target else Relabeled(source, target)
