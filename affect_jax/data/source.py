"""Sources: examples stored in columns, and sources composed of other sources."""

import bisect
from collections.abc import Iterable, Sequence

import jax
import numpy as np
from jaxtyping import Float, Int, UInt8

from affect_jax.data.texts import join, pack
from affect_jax.quantities.registry import quantity
from affect_jax.types import Example, Label, Labels, Source

Texts = Sequence[str] | np.ndarray  # NumPy arrays of strings or objects


class Table(Sequence):
    """Examples stored as columns, so that half a million fit in memory; items are created on access."""

    def __init__(
        self,
        names: Texts,
        subjects: Texts,
        clips: Texts,
        frames: Int[np.ndarray, "example"],
        time_seconds: Float[np.ndarray, "example"],
        labels: Labels,
        features: Float[np.ndarray, "example feature"] | None = None,
    ):
        self.names, self.subjects, self.clips = pack(names), pack(subjects), pack(clips)
        self.frames, self.time_seconds = np.asarray(frames), np.asarray(time_seconds)
        self.labels, self.features = labels, features

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
            features=None if self.features is None else self.features[index],
        )

    def take(self, indices: Int[np.ndarray, "chosen"]) -> "Table":
        """Returns the given examples, in that order."""
        columns = (self.names, self.subjects, self.clips, self.frames, self.time_seconds)
        features = None if self.features is None else self.features[indices]
        return Table(*(column[indices] for column in columns), label_row(self.labels, indices), features)

    def relabel(self, labels: Labels) -> "Table":
        """Returns the same examples with other labels."""
        return Table(
            self.names, self.subjects, self.clips, self.frames, self.time_seconds, labels, features=self.features
        )


def label_row(labels: Labels, index) -> Labels:
    """Selects the labels of one or several examples along the leading axis."""
    return jax.tree.map(lambda column: column[index], labels)


def unlabeled(count: int, label_set: str, names: Iterable[str]) -> Labels:
    """Returns empty labels (weight 0) of the named quantities for `count` examples, to be filled in."""
    empty = lambda name: np.zeros((count, *quantity(name).label_shape(label_set)), np.float32)
    return Labels(**{name: Label(empty(name), np.zeros(count, np.float32)) for name in names})


def as_table(examples: Sequence[Example]) -> Table:
    """Converts examples, which must have the same quantities, to columns."""
    if isinstance(examples, Table):
        return examples
    rows = list(examples)
    labels = jax.tree.map(lambda *leaves: np.stack(leaves), *(row.labels for row in rows)) if rows else Labels()
    featured = bool(rows) and rows[0].features is not None
    return Table(
        [row.name for row in rows],
        [row.subject for row in rows],
        [row.clip for row in rows],
        np.array([row.frame for row in rows], np.int64),
        np.array([row.time_seconds for row in rows], np.float64),
        labels,
        np.stack([row.features for row in rows]) if featured else None,
    )


def labeled_quantities(source: Source) -> set[str]:
    """The names of the quantities that at least one example has a label of."""
    return {name for name, label in as_table(source.examples).labels.items() if (label.weight > 0).any()}


class Subset:
    """Selected examples of a source, in the order of `indices`."""

    def __init__(self, source: Source, indices: Sequence[int] | Int[np.ndarray, "chosen"]):
        self.source, self.indices = source, np.asarray(indices, np.int64)
        self.label_set = source.label_set
        self.examples = as_table(source.examples).take(self.indices)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the pixels of a selected example; raises the errors of the source."""
        return self.source.image(int(self.indices[index]))


def concatenate_labels(tables: Sequence[Table]) -> Labels:
    """Concatenates the labels of several tables; quantities that a table does not have get weight 0."""
    known = {name: label for table in tables for name, label in table.labels.items()}

    def label_or_empty(table: Table, name: str) -> Label:
        count, shape = len(table), known[name].value.shape[1:]
        missing = Label(np.zeros((count, *shape), np.float32), np.zeros(count, np.float32))
        return table.labels.get(name, missing)

    joined = {}
    for name in known:
        parts = [label_or_empty(table, name) for table in tables]
        joined[name] = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    return Labels(**joined)


def _concatenate(tables: Sequence[Table]) -> Table:
    features = [table.features for table in tables if table.features is not None]
    if features and len(features) < len(tables):
        raise ValueError("cannot concatenate sources with and without features; use only one kind")
    texts = [join([getattr(table, column) for table in tables]) for column in ("names", "subjects", "clips")]
    return Table(
        *texts,
        frames=np.concatenate([table.frames for table in tables]),
        time_seconds=np.concatenate([table.time_seconds for table in tables]),
        labels=concatenate_labels(tables),
        features=np.concatenate(features) if features else None,
    )


class Concatenated:
    """The concatenation of several sources; `starts` holds the index of the first example of each part."""

    def __init__(self, sources: Sequence[Source]):
        label_sets = sorted({source.label_set for source in sources})
        if len(label_sets) != 1:
            raise ValueError(
                f"cannot concatenate sources with label sets {label_sets}; convert all to one (with_label_set)"
            )
        self.label_set, self.parts = label_sets[0], tuple(sources)
        tables = [as_table(source.examples) for source in sources]
        self.starts = tuple(np.cumsum([0] + [len(table) for table in tables])[:-1].tolist())
        self.examples = tables[0] if len(tables) == 1 else _concatenate(tables)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the pixels of an example; raises the errors of the part it belongs to."""
        if not 0 <= index < len(self.examples):
            raise IndexError(f"example {index} of {len(self.examples)}")
        part = bisect.bisect_right(self.starts, index) - 1
        return self.parts[part].image(index - self.starts[part])


class Relabeled:
    """A source converted to another label set; see `with_label_set`."""

    def __init__(self, source: Source, target: str):
        table = as_table(source.examples)
        translate = lambda name, label: quantity(name).translate(label, source.label_set, target)
        labels = Labels(**{name: translate(name, label) for name, label in table.labels.items()})
        self.source, self.label_set, self.examples = source, target, table.relabel(labels)

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns the pixels of the same example; raises the errors of the source."""
        return self.source.image(index)


def with_label_set(source: Source, target: str) -> Source:
    """Returns the source with emotions converted to label set `target`; see `Emotion.translate`."""
    return source if source.label_set == target else Relabeled(source, target)
