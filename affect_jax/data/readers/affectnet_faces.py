"""What both forms of AffectNet share: which rows are kept, and the faces made of them."""

import dataclasses
from typing import NamedTuple

import numpy as np
from absl import logging
from jaxtyping import Float, UInt8

from affect_jax import emotions
from affect_jax.data.readers import affectnet_cleaning as cleaning
from affect_jax.data.readers.affectnet_rows import CORRECT, Row
from affect_jax.data.readers.rows import ListConfig, check_image_files, image_table, square
from affect_jax.data.skipped import RowFault, SkippedRows
from affect_jax.data.source import ImageFiles, unlabeled
from affect_jax.ops.geometry import EMONET_SIDE
from affect_jax.types import UnreadableImage

LABEL_SET = "affectnet_8"
LEAST_INSIDE = 0.5  # of the landmarks, that must lie in the image: faces are cut at borders, but not away
NOT_JUDGED = "cleaning: no emotion, or no valence and arousal, to be judged by"


@dataclasses.dataclass(frozen=True)
class AffectNetFacesConfig(ListConfig):
    """Which faces are kept."""

    check_images: bool = True  # look at header and both ends of every image file first
    clean: str = ""  # "" all | automatic: emotion must fit valence and arousal (data/cleaning.py) | automatic+correct:
    # and a person found it right (lists imported from EmoNet's); faces that cannot be judged are left out too
    only_label_set: str = ""  # rows whose emotion is not in this label set, or who have none, are left out, as from the
    # published 5-class set; "" = none: with_label_set keeps their valence and arousal
    box_side_ratio: float = EMONET_SIDE  # crop side over the face box's mean side, for rows without landmarks

    def __post_init__(self):
        if self.clean not in cleaning.RULES:
            raise ValueError(f"clean is '{self.clean}'; choose one of {', '.join(map(repr, cleaning.RULES))}")
        if self.only_label_set:
            emotions.names(self.only_label_set)


class Listed(NamedTuple):
    """A row with its place in the list and in the file system."""

    number: int  # of the row in its list, for messages
    name: str  # unique
    subject: str
    file: str
    row: Row


def faces(
    rows: list[Listed], total: int, where: str, config: AffectNetFacesConfig, skipped: SkippedRows
) -> "ListedFaces":
    """The faces of the rows that are kept; writes and logs what was skipped of `total`, ValueError for too much."""
    if config.only_label_set:
        rows = _only(rows, where, config.only_label_set, skipped)
    if config.clean:
        rows = _cleaned(rows, where, config.clean, skipped)
    if config.check_images:
        rows = _whole(rows, skipped)
    skipped.finish(total)
    if not rows:
        raise ValueError(f"{where} holds no usable row of {total}: {skipped.counts()}; is this an AffectNet list?")
    return _source(rows, where, config)


def _only(rows: list[Listed], where: str, label_set: str, skipped: SkippedRows) -> list[Listed]:
    names, kept = emotions.names(LABEL_SET), []
    for listed in rows:
        if listed.row.emotion is not None and names[listed.row.emotion] in emotions.names(label_set):
            kept.append(listed)
        else:
            skipped.left_out.append((listed.file, listed.number, f"emotion is none of {label_set}"))
    logging.info("%s: %d of %d rows have an emotion of %s", where, len(kept), len(rows), label_set)
    return kept


def _cleaned(rows: list[Listed], where: str, rule: str, skipped: SkippedRows) -> list[Listed]:
    """Rows that the cleaning rule keeps; how many of each emotion is logged, the others are listed by reason."""
    by_people = rule == "automatic+correct"
    if by_people and all(listed.row.correct is None for listed in rows):
        raise ValueError(
            f"{where}: clean '{rule}' needs the column {CORRECT}, which comes with EmoNet's own lists (python -m "
            "launch.import_lists); choose clean 'automatic'"
        )
    judged = [r.row.emotion is not None and r.row.valence_arousal is not None for r in rows]
    emotion = np.array([listed.row.emotion if ok else -1 for listed, ok in zip(rows, judged, strict=True)], np.int64)
    values = [listed.row.valence_arousal if ok else (0, 0) for listed, ok in zip(rows, judged, strict=True)]
    agrees = cleaning.agrees(emotion, np.array(values, np.float64).reshape(-1, 2))
    kept = []
    for listed, ok, fits in zip(rows, judged, agrees, strict=True):
        reason = ""
        if not ok:
            reason = NOT_JUDGED
        elif not fits:
            reason = f"cleaning: {cleaning.NAMES[listed.row.emotion]} does not fit valence and arousal"
        elif by_people and not listed.row.correct:
            reason = f"cleaning: {CORRECT} is not 1"
        kept.append(not reason)
        if reason:
            skipped.left_out.append((listed.file, listed.number, reason))
    counts = cleaning.per_emotion(emotion, np.array(kept, bool))
    without = len(rows) - sum(judged)
    logging.info("%s: clean '%s' kept %d of %d: %s; %d could not be judged", where, rule, sum(kept), len(rows), counts,
                 without)  # fmt: skip
    return [listed for listed, keep in zip(rows, kept, strict=True) if keep]


def _whole(rows: list[Listed], skipped: SkippedRows) -> list[Listed]:
    """Rows whose image is whole and has the face in it."""
    kept = []
    for listed, look in zip(rows, check_image_files([listed.file for listed in rows]), strict=True):
        if reason := look.reason or misplaced(listed.row.landmarks, listed.row.box, look.width, look.height):
            expected = "a complete image" if look.reason else f"a face in the image of {look.width} x {look.height} px"
            skipped.refuse(listed.file, listed.number, RowFault(reason, f"expected {expected} at {listed.file}"))
        else:
            kept.append(listed)
    return kept


def misplaced(
    landmarks: Float[np.ndarray, "68 2"] | None, box: tuple[float, float, float, float] | None, width: int, height: int
) -> str:
    """Why landmarks, or a face box where there are none, cannot belong to an image of that size; or ""."""
    if landmarks is not None:
        inside = ((landmarks >= 0) & (landmarks < (width, height))).all(1).mean()
        return "landmarks lie outside the image" if inside < LEAST_INSIDE else ""
    if box is not None:
        left, top, box_width, box_height = box
        x, y = left + box_width / 2, top + box_height / 2
        return "" if 0 <= x < width and 0 <= y < height else "face box lies outside the image"
    return ""


class ListedFaces(ImageFiles):
    """Loose images that are held against their landmarks once more when they are read."""

    def image(self, index: int) -> UInt8[np.ndarray, "height width 3"]:
        """RGB pixels as stored; `UnreadableImage` also where the landmarks cannot belong to them."""
        image = super().image(index)
        labels = self.examples.labels
        if labels["landmarks"].weight[index] > 0:
            if reason := misplaced(labels["landmarks"].value[index], None, image.shape[1], image.shape[0]):
                raise UnreadableImage(
                    f"{self.places[index]} ({self.paths[index]}): {reason} of {image.shape[1]} x {image.shape[0]} px; "
                    "correct the row or take it out"
                )
        elif self.boxes is not None and self.boxes[index, 2] and not image.any():
            raise UnreadableImage(f"{self.places[index]} ({self.paths[index]}): face box shows nothing but black")
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
            boxes[index] = square(*row.box, config.box_side_ratio)
    table = image_table([listed.name for listed in rows], [listed.subject for listed in rows], labels)
    places = [f"{where}, row {listed.number}" for listed in rows]
    files = [listed.file for listed in rows]
    return ListedFaces(LABEL_SET, table, files, places, upright=False, boxes=boxes)
