"""Stored features as adaptation uses them: what a network knows of each face, its labels, and whose face it is."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from affect_jax.personal.sources import HEAD_TOLERANCE, head_difference
from affect_jax.quantities.registry import quantity
from affect_jax.tables.feature_rows import (
    FEATURES,
    GEOMETRY,
    HEAD,
    OUTPUT,
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
    valence_arousal: Float[np.ndarray, "row 2"]  # raw output of the network, not clipped
    labels: Float[np.ndarray, "row 2"]  # valence and arousal; 0 where the weight is 0
    weight: Float[np.ndarray, "row"]  # 1 where there is a label, else 0
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

    def __len__(self) -> int:
        return len(self.features)


def head_output(
    head: Mapping[str, Float[np.ndarray, "..."]], features: Float[np.ndarray, "row feature"]
) -> Float[np.ndarray, "row 2"]:
    """Raw valence and arousal of a head by `HEAD_ARRAYS`: a linear layer, ReLU, and a linear layer."""
    hidden = np.maximum(features @ head["hidden_kernel"] + head["hidden_bias"], 0)
    return hidden @ head["output_kernel"] + head["output_bias"]


def read_features(folder: pathlib.Path) -> StoredFeatures:
    """Reads what launch.features wrote.

    FileNotFoundError if a file is missing; ValueError if one was damaged or changed, and if the head does not give the
    stored output.
    """
    stored = read_feature_rows(folder)
    rows, arrays = stored.rows, stored.arrays
    label = rows.labels.get("valence_arousal", Label(np.zeros((len(rows), 2)), np.zeros(len(rows))))
    found = StoredFeatures(
        features=arrays[FEATURES],
        valence_arousal=arrays[OUTPUT],
        labels=np.where(label.weight[:, None] > 0, label.value, 0).astype(np.float32),
        weight=(label.weight > 0).astype(np.float32),
        subject=rows.subject,
        clip=rows.clip,
        face=rows.face,
        frame=rows.frame,
        time_seconds=rows.time_seconds,
        network_sha256=stored.facts.network_sha256,
        geometry=arrays.get(GEOMETRY),
        head={name: arrays[HEAD + name] for name in HEAD_ARRAYS} if HEAD + HEAD_ARRAYS[0] in arrays else None,
        network=stored.facts.network,
        label_set=rows.label_set,
        crop=stored.facts.crop,
        path=folder,
    )
    _check_head(found)
    return found


def _check_head(stored: StoredFeatures) -> None:
    if stored.head is None:
        return
    difference = head_difference(head_output(stored.head, stored.features), stored.valence_arousal)
    if not difference <= HEAD_TOLERANCE:
        raise ValueError(
            f"{stored.path}: the stored head differs from the stored output by {difference:.2g}, expected at most "
            f"{HEAD_TOLERANCE:g}; store the features again with python -m launch.features"
        )


def write_features(stored: StoredFeatures, folder: pathlib.Path) -> None:
    """Writes a folder that `read_features` reads; its table has valence and arousal only."""
    count = len(stored)
    raw = stored.valence_arousal.astype(np.float64)
    known = stored.weight > 0
    label = Label(np.where(known[:, None], stored.labels, 0).astype(np.float64), known.astype(np.float64))
    rows = Rows(
        label_set=stored.label_set,
        crop_px=0,
        source=tuple(f"{clip}/{row:06d}" for row, clip in enumerate(stored.clip)),
        subject=stored.subject,
        clip=stored.clip,
        frame=stored.frame,
        face=stored.face,
        time_seconds=stored.time_seconds.astype(np.float64),
        values={OUTPUT: np.asarray(quantity("valence_arousal").report(raw, 0))},
        labels=Labels(valence_arousal=label),
        success=np.ones(count, bool),
    )
    arrays = {FEATURES: stored.features, OUTPUT: stored.valence_arousal}
    if stored.geometry is not None:
        arrays[GEOMETRY] = stored.geometry
    arrays |= {HEAD + name: array for name, array in (stored.head or {}).items()}
    facts = FeatureFacts(
        stored.network or "unnamed", stored.network_sha256, stored.crop or "unknown", {"input": str(folder)}
    )
    write_feature_rows(FeatureRows(rows, arrays, facts), folder)
