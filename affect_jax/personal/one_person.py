"""The rows of stored features that are of one person, and whether there is something to learn from them."""

import collections
import dataclasses
import itertools

import numpy as np
from absl import logging
from jaxtyping import Bool, Float

from affect_jax.faces.likeness import FAR, difference
from affect_jax.personal.adapter_file import Geometry
from affect_jax.personal.outputs import output_names
from affect_jax.personal.stored import StoredFeatures

FEWEST_LABELS = 5  # frames
LEAST_RANGE = 1e-3  # of the labels of an output, which go from -1 to 1 or from 0 to 1


def of_subject(stored: StoredFeatures, subject: str) -> Bool[np.ndarray, "row"]:
    """Which rows are of a subject, by their whole name or by what is behind its last '/'; ValueError if none is.

    All are if they name nobody, as those of a video do not.
    """
    named = sorted(set(stored.subject) - {""})
    matching = [name for name in named if subject in (name, name.rpartition("/")[2])]
    if named and len(matching) != 1:
        listed = ", ".join(named[:5]) + ", ..." * (len(named) > 5)
        count = "several of them are" if matching else "none of them is"
        raise ValueError(f"{stored.path} holds the subjects {listed}; {count} '{subject}'")
    return np.array([name in ("", *matching) for name in stored.subject], bool)


def select(stored: StoredFeatures, keep: Bool[np.ndarray, "row"]) -> StoredFeatures:
    """Some rows."""
    changed = {}
    for field in dataclasses.fields(stored):
        value = getattr(stored, field.name)
        if field.name in ("subject", "clip"):
            changed[field.name] = tuple(np.array(value, object)[keep].tolist())
        elif isinstance(value, np.ndarray):
            changed[field.name] = value[keep]
    return dataclasses.replace(stored, **changed)


def of_one_face(stored: StoredFeatures) -> StoredFeatures:
    """Where frames hold several faces, the rows of those that are labeled; ValueError if none is, or several are."""
    places = list(zip(stored.clip, stored.frame.tolist(), strict=True))
    if len(set(places)) == len(places):
        return stored
    faces = list(zip(stored.clip, stored.face.tolist(), strict=True))
    labeled = {face for face, weight in zip(faces, stored.weight.tolist(), strict=True) if weight > 0}
    found = select(stored, np.array([face in labeled for face in faces]))
    theirs = list(zip(found.clip, found.frame.tolist(), strict=True))
    if labeled and len(set(theirs)) == len(theirs):
        return found
    what = (
        "labels are of several faces of one frame" if labeled else "some frames hold several faces, and none is labeled"
    )
    raise ValueError(f"{stored.path}: {what}; give labels with a column face for the face of one person only")


def check_labels(stored: StoredFeatures, source: str) -> None:
    """ValueError for labels that are too few or constant; no labels at all are no mistake."""
    labels = stored.labels[stored.weight > 0]
    if not len(labels):
        return
    if len(labels) < FEWEST_LABELS:
        raise ValueError(
            f"{source}: {len(labels)} frame{'s' * (len(labels) > 1)} of {stored.subject[0]} labeled, expected at "
            f"least {FEWEST_LABELS}; label more frames"
        )
    for dimension, values in zip(output_names(stored.quantities), labels.T, strict=True):
        if np.ptp(values) < LEAST_RANGE:
            raise ValueError(
                f"{source}: {dimension} is {values[0]:.3g} in all {len(labels)} labeled frames of {stored.subject[0]}; "
                "label frames in which the expression changes. A face at rest needs no labels, only --neutral"
            )


def geometry_of(stored: StoredFeatures, used: Bool[np.ndarray, "row"]) -> Geometry | None:
    """The geometry over some rows; None if it is not known."""
    if stored.geometry is None or not used.any():
        return None
    return Geometry(stored.geometry[used].mean(0), stored.geometry[used].std(0))


def warn_of_two_faces(stored: StoredFeatures, used: Bool[np.ndarray, "row"]) -> None:
    """Warns if the rows that are learned from hold two geometries: by recording and face number, or else by halves."""
    rows = np.flatnonzero(used)
    if stored.geometry is None or len(rows) < 2:
        return
    keys = [(stored.clip[row], int(stored.face[row])) for row in rows]
    if len(set(keys)) == 1:
        keys = (np.arange(len(rows)) >= len(rows) // 2).tolist()
    groups = collections.defaultdict(list)
    for key, row in zip(keys, rows.tolist(), strict=True):
        groups[key].append(row)
    means = [stored.geometry[group].mean(0) for group in groups.values()]
    farthest = max(difference(first, second) for first, second in itertools.combinations(means, 2))
    if farthest > FAR:
        logging.warning(
            "the frames that %s is learned from may be of two people: the geometries of their faces differ by %.1f, "
            "more than %.1f; are all labels theirs?",
            stored.subject[0],
            farthest,
            FAR,
        )


def warn_of_another_face(name: str, now: Float[np.ndarray, "number"], before: Float[np.ndarray, "number"]) -> None:
    """Warns if the face that a person is learned from is not like the one that the person was learned from before."""
    if (far := difference(now, before)) > FAR:
        logging.warning(
            "%s was learned from another face before: the geometries differ by %.1f, more than %.1f; is it the same "
            "person?",
            name,
            far,
            FAR,
        )
