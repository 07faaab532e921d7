"""What `find_faces` reports: which faces were missed, and a contact sheet, made from the landmark files alone."""

import csv
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from absl import logging
from jaxtyping import Bool, Float

from affect_jax.data.face_files import Entry, Faces
from affect_jax.data.whole_images import evenly
from affect_jax.draw.contact_sheet import COLUMNS, Section, Tile, draw_sheet, make_tile
from affect_jax.files.atomic import open_atomically, replace_atomically
from affect_jax.files.kinds import printable
from affect_jax.ops.geometry import landmark_crop
from affect_jax.types import UnreadableImage

SHEET, MISSED = "contact_sheet.png", "missed_faces.csv"
MOST_TILES = 4 * COLUMNS  # of a section
FRAMES_OF_ONE = 4  # frames of a recording that may be on the sheet, of each kind
UNUSUAL = 1.6  # ratio to the usual size of a face in px, up or down, from which one may be no face


class Shown(NamedTuple):
    """A frame that may be on the sheet."""

    entry: Entry
    number: int
    landmarks: Float[np.ndarray, "68 2"] | None  # in px as stored

    @property
    def size_px(self) -> float:
        """The mean of the face's width and height."""
        return float(np.ptp(self.landmarks, axis=0).mean())


def write_report(entries: Sequence[Entry], folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes the contact sheet and the list of missed faces; ValueError if there is no face at all.

    Entries without a file are left out: they could not be read.
    """
    runs, missed, located, total, found = [], [], [], 0, 0
    for entry in entries:
        if not entry.is_done:
            continue
        faces = entry.read()
        total += len(faces.numbers)
        found += int(faces.found.sum())
        runs += missed_runs(faces, entry.name)
        missed += _some_frames(entry, faces, ~faces.found)
        located += _some_frames(entry, faces, faces.found)
    unit = "images" if all(entry.still for entry in entries) else "frames"
    folder.mkdir(parents=True, exist_ok=True)
    with open_atomically(folder / MISSED) as file:
        writer = csv.writer(file)
        writer.writerow(("name", "frame", "frames"))
        writer.writerows((printable(name), first, count) for name, first, count in runs)
    unusual = _unusual(located)
    sections = [
        _section(f"no face found in {total - found} of {total} {unit}", missed, total - found),
        _section(f"faces of unusual size: {len(unusual)}", unusual, len(unusual)),
        _section(f"faces found in {found} of {total} {unit}", located, found),
    ]
    with replace_atomically(folder / SHEET) as part:
        cv2.imencode(".png", draw_sheet(sections)[..., ::-1])[1].tofile(part)
    logging.info("a face in %d of %d %s; those without are listed in %s", found, total, unit, folder / MISSED)
    if not found:
        raise ValueError(f"no face was found in any of the {total} {unit}; look at {folder / SHEET}")
    return [folder / SHEET, folder / MISSED]


def missed_runs(faces: Faces, name: str) -> list[tuple[str, int, int]]:
    """Lists the runs of frames without a face: name, first frame (from 0) and number of frames."""
    without = np.concatenate([[False], ~faces.found, [False]]).astype(np.int8)
    starts, stops = np.flatnonzero(np.diff(without) == 1), np.flatnonzero(np.diff(without) == -1)
    return [(name, int(faces.numbers[start]), int(stop - start)) for start, stop in zip(starts, stops, strict=True)]


def _some_frames(entry: Entry, faces: Faces, chosen: Bool[np.ndarray, "frame"]) -> list[Shown]:
    places = np.flatnonzero(chosen)
    rows = [int(places[index]) for index in evenly(len(places), FRAMES_OF_ONE)]
    return [Shown(entry, int(faces.numbers[row]), faces.landmarks[row] if faces.found[row] else None) for row in rows]


def _unusual(located: Sequence[Shown]) -> list[Shown]:
    """The faces whose size differs most from the usual one, a row at most."""
    sizes = np.array([shown.size_px for shown in located])
    ratio = np.abs(np.log(sizes / np.median(sizes))) if len(sizes) else sizes
    order = np.argsort(-ratio, kind="stable")[:COLUMNS]
    return [located[index] for index in order if ratio[index] > np.log(UNUSUAL)]


def _section(heading: str, frames: Sequence[Shown], count: int) -> Section:
    """The section of `count` frames, of which `frames` may be shown."""
    chosen = [frames[index] for index in evenly(len(frames), MOST_TILES)]
    tiles = [tile for tile in map(_tile, chosen) if tile is not None]
    shown = f" ({len(tiles)} of them shown)" if len(tiles) < count else ""
    return Section(heading + shown, tiles)


def _tile(shown: Shown) -> Tile | None:
    """The image with landmarks and crop; None if it cannot be read."""
    try:
        footage = shown.entry.open()
        image, stretch = footage.image(shown.number), footage.stretch()
    except (UnreadableImage, FileNotFoundError, ValueError):
        return None
    name = printable(shown.entry.name)
    caption = name if shown.entry.still else f"{name} {shown.number}"
    if shown.landmarks is None:
        return make_tile(image, caption)
    points = shown.landmarks * np.array(stretch, np.float32)
    crop = landmark_crop(points)
    left, top = crop.center_x_px - crop.side_px / 2, crop.center_y_px - crop.side_px / 2
    return make_tile(image, caption, points, (left, top, crop.side_px))
