"""Shared parts of both AffectNet readers: row selection, and the resulting source."""

import dataclasses

import numpy as np
from absl import logging
from jaxtyping import UInt8

from affect_jax import emotions
from affect_jax.data.belonging import check_landmarks, log_notes, misplaced
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.readers import affectnet_cleaning as cleaning
from affect_jax.data.readers.affectnet_columns import UNKNOWN, ImagePaths, Listed, RowPlaces
from affect_jax.data.readers.affectnet_rows import CORRECT
from affect_jax.data.readers.lists import ImageListConfig, check_image_files, image_table, square_around_box
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import unlabeled
from affect_jax.data.whole_images import evenly, file_sizes, require_crops
from affect_jax.ops.geometry import EMONET_SIDE
from affect_jax.types import Label, UnreadableImage

LABEL_SET = "affectnet_8"
MOST_COMPARED = 20_000  # faces whose landmarks are compared with what is usual; evenly spread over the list
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


def faces(listed: Listed, total: int, where: str, config: AffectNetFacesConfig, skipped: SkippedRows) -> "ListedFaces":
    """Builds the source of the rows that are kept; records those skipped of `total`, ValueError if too many."""
    if config.only_label_set:
        _keep_label_set(listed, where, config.only_label_set, skipped)
    if config.clean:
        _clean(listed, where, config.clean, skipped)
    if config.check_images:
        _keep_usable_images(listed, skipped)
    skipped.finish(total)
    if not len(listed):
        raise ValueError(f"{where} has no usable rows among {total}: {skipped.counts()}; is this an AffectNet list?")
    rows = listed.rows
    whole = np.flatnonzero(~rows.has_landmarks & (rows.boxes[:, 2] == 0))
    if len(whole):
        how = "add the columns facial_landmarks, or face_x, face_y, face_width and face_height, to the list"
        sizes = file_sizes(ImagePaths(listed.folder, rows.paths[whole]))
        require_crops("affectnet", where, sizes, config.allow_whole_images, how)
    return _source(listed, where, config)


def _leave_out(listed: Listed, reasons: dict[int, str], skipped: SkippedRows) -> None:
    """Drops rows for the given reasons."""
    files, kept = listed.files, np.ones(len(listed), bool)
    for index, reason in reasons.items():
        kept[index] = False
        skipped.left_out.append((files[index], int(listed.rows.numbers[index]), reason))
    listed.keep(kept)


def _keep_label_set(listed: Listed, where: str, label_set: str, skipped: SkippedRows) -> None:
    names = emotions.names(label_set)
    included = [code for code, name in enumerate(emotions.names(LABEL_SET)) if name in names]
    others, count = np.flatnonzero(~np.isin(listed.rows.emotion, included)), len(listed)
    _leave_out(listed, dict.fromkeys(others.tolist(), f"emotion is not in {label_set}"), skipped)
    logging.info("%s: %d of %d rows have an emotion of %s", where, len(listed), count, label_set)


def _clean(listed: Listed, where: str, rule: str, skipped: SkippedRows) -> None:
    """Keeps the rows that satisfy the cleaning rule; logs counts per emotion and lists the others by reason."""
    rows, manually = listed.rows, rule == "automatic+correct"
    if manually and (rows.correct == UNKNOWN).all():
        raise ValueError(
            f"{where}: clean '{rule}' needs the column {CORRECT}, which only EmoNet's own lists have (python -m "
            "launch.import_lists); choose clean 'automatic'"
        )
    checkable = (rows.emotion != UNKNOWN) & ~np.isnan(rows.valence_arousal).any(1)
    emotion = np.where(checkable, rows.emotion, -1).astype(np.int64)
    agrees = cleaning.agrees(emotion, np.where(checkable[:, None], rows.valence_arousal, 0.0))
    kept = checkable & agrees & (rows.correct == 1 if manually else True)
    reasons = {}
    for index in np.flatnonzero(~kept).tolist():
        if not checkable[index]:
            reasons[index] = NOT_CHECKABLE
        elif not agrees[index]:
            name = cleaning.NAMES[rows.emotion[index]]
            reasons[index] = f"cleaning: {name} is inconsistent with valence and arousal"
        else:
            reasons[index] = f"cleaning: {CORRECT} is not 1"
    logging.info(
        "%s: clean '%s' kept %d of %d: %s; %d could not be checked",
        where,
        rule,
        kept.sum(),
        len(kept),
        cleaning.count_per_emotion(emotion, kept),
        len(kept) - checkable.sum(),
    )
    _leave_out(listed, reasons, skipped)


def _keep_usable_images(listed: Listed, skipped: SkippedRows) -> None:
    """Keeps the rows whose image is complete and contains the face; warns if their landmarks are unlikely."""
    rows, files, kept = listed.rows, listed.files, np.ones(len(listed), bool)
    sizes = np.zeros((len(listed), 2))
    for index, check in enumerate(check_image_files(files)):
        landmarks = rows.landmarks[index] if rows.has_landmarks[index] else None
        box = tuple(rows.boxes[index].tolist()) if rows.boxes[index, 2] else None
        sizes[index] = check.width, check.height
        if reason := check.reason or misplaced(landmarks, box, check.width, check.height):
            size = f"{check.width} x {check.height} px"
            expected = "a complete image" if check.reason else f"a face in the image of {size}"
            fault = RowFault(reason, f"expected {expected} at {files[index]}")
            skipped.refuse(files[index], int(rows.numbers[index]), fault)
            kept[index] = False
    listed.keep(kept)
    sizes = sizes[kept]
    located = np.flatnonzero(rows.has_landmarks & (sizes[:, 0] > 0))
    if len(located):
        some = located[evenly(len(located), MOST_COMPARED)]
        log_notes(skipped.where, check_landmarks(skipped.where, rows.landmarks[some], sizes[some]))


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


def _source(listed: Listed, where: str, config: AffectNetFacesConfig) -> ListedFaces:
    rows, count = listed.rows, len(listed)
    labels = unlabeled(count, LABEL_SET, ("valence_arousal", "emotion"))
    rated, named = ~np.isnan(rows.valence_arousal).any(1), np.flatnonzero(rows.emotion != UNKNOWN)
    labels["valence_arousal"].value[rated] = rows.valence_arousal[rated]
    labels["valence_arousal"].weight[rated] = 1
    labels["emotion"].value[named, rows.emotion[named]] = 1
    labels["emotion"].weight[named] = 1
    landmarks = Label(rows.landmarks, rows.has_landmarks.astype(np.float32))
    boxes = np.zeros((count, 3), np.int64)
    for index in np.flatnonzero(~rows.has_landmarks & (rows.boxes[:, 2] > 0)):
        boxes[index] = square_around_box(*rows.boxes[index].tolist(), config.box_side_ratio)
    table = image_table(listed.names, listed.subjects, labels.replace(landmarks=landmarks))
    places = RowPlaces(where, rows.numbers)
    return ListedFaces(LABEL_SET, table, listed.files, places, upright=False, boxes=boxes)
