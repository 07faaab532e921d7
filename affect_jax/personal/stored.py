"""Stored features as adaptation uses them: what a network knows of each face, its labels, and whose face it is."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from affect_jax.personal.outputs import (
    AFFECT,
    adapted_quantities,
    answer,
    count_outputs,
    label_unit,
    labels_of,
    reported,
)
from affect_jax.personal.sources import HEAD_TOLERANCE, BaseHead, head_difference
from affect_jax.tables.feature_rows import (
    FEATURES,
    GEOMETRY,
    HEAD,
    FeatureFacts,
    FeatureRows,
    read_feature_rows,
    write_feature_rows,
)
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels

HEAD_ARRAYS = ("hidden_kernel", "hidden_bias", "output_kernel", "output_bias")


@dataclasses.dataclass(frozen=True)
class StoredFeatures:
    """A row for each face in the order of the table; rows of one recording have the same `clip`."""

    features: Float[np.ndarray, "row feature"]  # pooled features
    raw: Float[np.ndarray, "row raw"]  # raw outputs of the network: valence and arousal, or those of each intensity
    labels: Float[np.ndarray, "row output"]  # on the scale of `output`; 0 where the weight is 0
    weight: Float[np.ndarray, "row"]  # 1 where all quantities have a label, else 0
    subject: tuple[str, ...]
    clip: tuple[str, ...]
    face: Int[np.ndarray, "row"]  # number of the face in its recording; 0 in data sets
    frame: Int[np.ndarray, "row"]
    time_seconds: Float[np.ndarray, "row"]
    network_sha256: str  # digest of the weights; see `personal.digest`
    geometry: Float[np.ndarray, "row number"] | None = None  # proportions of the face; None if there are no landmarks
    head: Mapping[str, Float[np.ndarray, "..."]] | None = None  # by `HEAD_ARRAYS`; None if the output is averaged
    network: str = ""  # the workdir and its step
    label_set: str = "affectnet_8"  # of emotions
    crop: str = ""  # rule and parameters of the crop
    path: pathlib.Path | None = None  # the folder it was read from
    quantities: tuple[str, ...] = (AFFECT,)  # that are adapted, in the order of the outputs

    def __len__(self) -> int:
        return len(self.features)

    @property
    def each(self) -> int:
        """Raw outputs for every output."""
        return self.raw.shape[1] // count_outputs(self.quantities)

    @property
    def output(self) -> Float[np.ndarray, "row output"]:
        """What is adapted, not clipped; see `personal.outputs`."""
        return np.asarray(answer(self.raw, self.each))

    def base_head(self) -> BaseHead:
        """The stored layers as a function of features."""
        return BaseHead(**{name: self.head.get(name) for name in HEAD_ARRAYS}, each=self.each)


def head_output(
    head: Mapping[str, Float[np.ndarray, "..."]], features: Float[np.ndarray, "row feature"]
) -> Float[np.ndarray, "row raw"]:
    """Raw outputs of a head by `HEAD_ARRAYS`: perhaps a linear layer and ReLU, and a linear layer."""
    if "hidden_kernel" in head:
        features = np.maximum(features @ head["hidden_kernel"] + head["hidden_bias"], 0)
    return features @ head["output_kernel"] + head["output_bias"]


def read_features(folder: pathlib.Path, quantities: Sequence[str] = ()) -> StoredFeatures:
    """Reads what launch.features wrote, of some quantities or of all that can be adapted.

    FileNotFoundError if a file is missing; ValueError if one was damaged or changed, and if the head does not give the
    stored output.
    """
    stored = read_feature_rows(folder)
    rows, arrays = stored.rows, stored.arrays
    every = adapted_quantities(arrays)
    if unknown := [name for name in quantities if name not in every]:
        raise ValueError(f"{folder} holds no outputs of {unknown[0]}; it holds {', '.join(every)}")
    quantities = adapted_quantities(quantities) or every
    labels, weight = _labels(rows, quantities)
    head = {name: arrays[HEAD + name] for name in HEAD_ARRAYS if HEAD + name in arrays}
    if head and quantities != every:
        head |= _output_columns(head, [every.index(name) for name in quantities], len(every))
    found = StoredFeatures(
        features=arrays[FEATURES],
        raw=np.concatenate([arrays[name] for name in quantities], -1) if len(quantities) > 1 else arrays[quantities[0]],
        labels=labels,
        weight=weight,
        subject=rows.subject,
        clip=rows.clip,
        face=rows.face,
        frame=rows.frame,
        time_seconds=rows.time_seconds,
        network_sha256=stored.facts.network_sha256,
        geometry=arrays.get(GEOMETRY),
        head=head or None,
        network=stored.facts.network,
        label_set=rows.label_set,
        crop=stored.facts.crop,
        path=folder,
        quantities=quantities,
    )
    _check_head(found)
    return found


def _labels(rows: Rows, quantities: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Labels on the scale of the outputs, and 1 for the rows that have all of them."""
    nothing = Label(np.zeros((len(rows), count_outputs(quantities[:1]))), np.zeros(len(rows)))
    labels = [rows.labels.get(name, nothing) for name in quantities]
    known = np.all([label.weight > 0 for label in labels], axis=0)
    values = np.concatenate([label.value for label in labels], -1) / label_unit(quantities)
    return np.where(known[:, None], values, 0).astype(np.float32), known.astype(np.float32)


def _output_columns(
    head: Mapping[str, Float[np.ndarray, "..."]], kept: Sequence[int], count: int
) -> dict[str, Float[np.ndarray, "..."]]:
    """The last layer with the columns of some of `count` quantities only."""
    found = {}
    for name in ("output_kernel", "output_bias"):
        parts = np.split(head[name], count, axis=-1)
        found[name] = np.concatenate([parts[place] for place in kept], axis=-1)
    return found


def _check_head(stored: StoredFeatures) -> None:
    if stored.head is None:
        return
    difference = head_difference(head_output(stored.head, stored.features), stored.raw)
    if not difference <= HEAD_TOLERANCE:
        raise ValueError(
            f"{stored.path}: the stored head differs from the stored output by {difference:.2g}, expected at most "
            f"{HEAD_TOLERANCE:g}; store the features again with python -m launch.features"
        )


def write_features(stored: StoredFeatures, folder: pathlib.Path) -> None:
    """Writes a folder that `read_features` reads; its table has the adapted quantities only."""
    count = len(stored)
    known = stored.weight > 0
    labels = np.where(known[:, None], stored.labels, 0)
    rows = Rows(
        label_set=stored.label_set,
        crop_px=0,
        source=tuple(f"{clip}/{row:06d}" for row, clip in enumerate(stored.clip)),
        subject=stored.subject,
        clip=stored.clip,
        frame=stored.frame,
        face=stored.face,
        time_seconds=stored.time_seconds.astype(np.float64),
        values=reported(stored.quantities, stored.output),
        labels=Labels(**labels_of(stored.quantities, labels, known.astype(np.float64))),
        success=np.ones(count, bool),
    )
    raw = np.split(stored.raw, len(stored.quantities), axis=-1)
    arrays = {FEATURES: stored.features, **dict(zip(stored.quantities, raw, strict=True))}
    if stored.geometry is not None:
        arrays[GEOMETRY] = stored.geometry
    arrays |= {HEAD + name: array for name, array in (stored.head or {}).items()}
    facts = FeatureFacts(
        stored.network or "unnamed", stored.network_sha256, stored.crop or "unknown", {"input": str(folder)}
    )
    write_feature_rows(FeatureRows(rows, arrays, facts), folder)
