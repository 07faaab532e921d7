"""Shared parts of both AffectNet readers: row selection, and the resulting source."""

import dataclasses
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax import emotions
from affect_jax.data.belonging import check_landmarks, log_notes, misplaced
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.readers import affectnet_cleaning as cleaning
from affect_jax.data.readers.affectnet_rows import CORRECT, Row
from affect_jax.data.readers.lists import ImageListConfig, check_image_files, image_table, square_around_box
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whole_images import file_sizes, require_crops
from affect_jax.ops.geometry import EMONET_SIDE
from affect_jax.types import UnreadableImage

LABEL_SET = "affectnet_8"
NOT_CHECKABLE = "cleaning: no emotion, or no valence and arousal, to check"


@dataclasses.dataclass(frozen=True)
class AffectNetFacesConfig(ImageListConfig):
    """Selection of faces."""

    # "" keeps all | automatic: the emotion must be consistent with valence and arousal (affectnet_cleaning.py) |
    # automatic+correct: and confirmed manually (lists imported from EmoNet). Faces that cannot be checked are excluded.
    clean: str = ""
    # Excludes rows without an emotion of this label set, as in the published 5-class set; "" = exclude none, so that
    # with_label_set keeps their valence and arousal.
    only_label_set: str = ""
    box_side_ratio: float = EMONET_SIDE  # crop side / mean side of the face box, for rows without landmarks
    allow_whole_images: bool = False  # use whole pictures without landmarks or box, although they are not face crops

    def __post_init__(self):
        super().__post_init__()
        if self.clean not in cleaning.RULES:
            raise ValueError(f"clean is '{self.clean}'; choose one of {', '.join(map(repr, cleaning.RULES))}")
        if self.only_label_set:
            emotions.names(self.only_label_set)
        if not self.box_side_ratio > 0:
            raise ValueError(f"box_side_ratio is {self.box_side_ratio}; it must be above 0")


class Listed(NamedTuple):
    """A row with its position in the list and its image file."""

    number: int  # of the row in its list, for messages
    name: str  # unique
    subject: str
    file: str
    row: Row


def faces(
    rows: list[Listed], total: int, where: str, config: AffectNetFacesConfig, skipped: SkippedRows
) -> "ListedFaces":
    """Builds the source of the rows that are kept; records those skipped of `total`, ValueError if too many."""
    if config.only_label_set:
        rows = _keep_label_set(rows, where, config.only_label_set, skipped)
    if config.clean:
        rows = _clean(rows, where, config.clean, skipped)
    if config.check_images:
        rows = _keep_usable_images(rows, skipped)
    skipped.finish(total)
    if not rows:
        raise ValueError(f"{where} has no usable rows among {total}: {skipped.counts()}; is this an AffectNet list?")
    if whole := [listed.file for listed in rows if listed.row.landmarks is None and listed.row.box is None]:
        how = "add the columns facial_landmarks, or face_x, face_y, face_width and face_height, to the list"
        require_crops("affectnet", where, file_sizes(whole), config.allow_whole_images, how)
    return _source(rows, where, config)


def _keep_label_set(rows: list[Listed], where: str, label_set: str, skipped: SkippedRows) -> list[Listed]:
    names, kept = emotions.names(LABEL_SET), []
    for listed in rows:
        if listed.row.emotion is not None and names[listed.row.emotion] in emotions.names(label_set):
            kept.append(listed)
        else:
            skipped.left_out.append((listed.file, listed.number, f"emotion is not in {label_set}"))
    logging.info("%s: %d of %d rows have an emotion of %s", where, len(kept), len(rows), label_set)
    return kept


def _clean(rows: list[Listed], where: str, rule: str, skipped: SkippedRows) -> list[Listed]:
    """Keeps the rows that satisfy the cleaning rule; logs counts per emotion and lists the others by reason."""
    manually = rule == "automatic+correct"
    if manually and all(listed.row.correct is None for listed in rows):
        raise ValueError(
            f"{where}: clean '{rule}' needs the column {CORRECT}, which only EmoNet's own lists have (python -m "
            "launch.import_lists); choose clean 'automatic'"
        )
    checkable = [r.row.emotion is not None and r.row.valence_arousal is not None for r in rows]
    emotion = np.array([listed.row.emotion if ok else -1 for listed, ok in zip(rows, checkable, strict=True)], np.int64)
    values = [listed.row.valence_arousal if ok else (0, 0) for listed, ok in zip(rows, checkable, strict=True)]
    agrees = cleaning.agrees(emotion, np.array(values, np.float64).reshape(-1, 2))
    kept = []
    for listed, ok, fits in zip(rows, checkable, agrees, strict=True):
        reason = ""
        if not ok:
            reason = NOT_CHECKABLE
        elif not fits:
            reason = f"cleaning: {cleaning.NAMES[listed.row.emotion]} is inconsistent with valence and arousal"
        elif manually and not listed.row.correct:
            reason = f"cleaning: {CORRECT} is not 1"
        kept.append(not reason)
        if reason:
            skipped.left_out.append((listed.file, listed.number, reason))
    logging.info(
        "%s: clean '%s' kept %d of %d: %s; %d could not be checked",
        where,
        rule,
        sum(kept),
        len(rows),
        cleaning.count_per_emotion(emotion, np.array(kept, bool)),
        len(rows) - sum(checkable),
    )
    return [listed for listed, keep in zip(rows, kept, strict=True) if keep]


def _keep_usable_images(rows: list[Listed], skipped: SkippedRows) -> list[Listed]:
    """Keeps the rows whose image is complete and contains the face; warns if their landmarks are unlikely."""
    kept, points, sizes = [], [], []
    for listed, check in zip(rows, check_image_files([listed.file for listed in rows]), strict=True):
        if reason := check.reason or misplaced(listed.row.landmarks, listed.row.box, check.width, check.height):
            size = f"{check.width} x {check.height} px"
            expected = "a complete image" if check.reason else f"a face in the image of {size}"
            skipped.refuse(listed.file, listed.number, RowFault(reason, f"expected {expected} at {listed.file}"))
        else:
            kept.append(listed)
            if listed.row.landmarks is not None and check.width:
                points.append(listed.row.landmarks)
                sizes.append((check.width, check.height))
    if points:
        log_notes(skipped.where, check_landmarks(skipped.where, np.stack(points), np.array(sizes, np.float64)))
    return kept


class ListedFaces(ImageFiles):
    """Image files whose landmarks are checked again when an image is read."""

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """Returns RGB pixels as stored; `UnreadableImage` also if the landmarks cannot belong to them."""
        image = super().image(index)
        labels = self.examples.labels
        if labels["landmarks"].weight[index] > 0:
            if reason := misplaced(labels["landmarks"].value[index], None, image.shape[1], image.shape[0]):
                raise UnreadableImage(
                    f"{self.places[index]} ({self.paths[index]}): {reason} of {image.shape[1]} x {image.shape[0]} px; "
                    "correct the row or remove it"
                )
        elif self.boxes is not None and self.boxes[index, 2] and not image.any():
            raise UnreadableImage(f"{self.places[index]} ({self.paths[index]}): face box is entirely black")
        return image


def _source(rows: list[Listed], where: str, config: AffectNetFacesConfig) -> ListedFaces:
    labels = unlabeled(len(rows), LABEL_SET, ("valence_arousal", "emotion", "landmarks"))
    boxes = np.zeros((len(rows), 3), np.int64)
    for index, row in enumerate(listed.row for listed in rows):
        if row.valence_arousal is not None:
            labels["valence_arousal"].value[index], labels["valence_arousal"].weight[index] = row.valence_arousal, 1
        if row.emotion is not None:
            labels["emotion"].value[index, row.emotion] = labels["emotion"].weight[index] = 1
        if row.landmarks is not None:
            labels["landmarks"].value[index], labels["landmarks"].weight[index] = row.landmarks, 1
        elif row.box is not None:
            boxes[index] = square_around_box(*row.box, config.box_side_ratio)
    table = image_table([listed.name for listed in rows], [listed.subject for listed in rows], labels)
    places = [f"{where}, row {listed.number}" for listed in rows]
    files = [listed.file for listed in rows]
    return ListedFaces(LABEL_SET, table, files, places, upright=False, boxes=boxes)
