"""Pooled features of the faces in videos and images, beside the table of their predictions."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from absl import logging
from jaxtyping import Float

from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.files.kinds import printable
from affect_jax.personal.outputs import adapted_quantities
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.estimate import estimate
from affect_jax.predict.files import OF_ALL_FILES, list_files
from affect_jax.predict.frame_rate import FrameRate
from affect_jax.predict.given_images import read_frames
from affect_jax.predict.predictor import Predictor, Values
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.sink import feed
from affect_jax.predict.sinks.table import arguments_of
from affect_jax.predict.sources import Frame, Video
from affect_jax.tables.feature_rows import FEATURES, GEOMETRY
from affect_jax.tables.rows import Rows
from affect_jax.types import Labels

RAW = "raw "  # prefix of raw outputs among the values of a row


class FeaturePredictor(Predictor):
    """A network whose values also hold raw outputs, under names that begin with `RAW`."""

    def _report(self, outputs: Mapping, mirrored: Mapping | None, lead: tuple[int, ...]) -> Values:
        stored = (FEATURES, *adapted_quantities(outputs))
        raw = {f"{RAW}{name}": np.asarray(outputs[name], np.float32) for name in stored}
        return super()._report(outputs, mirrored, lead) | raw


class FoundFaces:
    """A sink that keeps the faces of any number of recordings and images."""

    needs_images = False

    def __init__(self):
        self.files: list[pathlib.Path] = []
        self.problems: list[str] = []
        self.clip = ""  # of the recording that is being written; "" for images
        self._clips: list[str] = []
        self._rows: list[Row] = []  # without pixels
        self._geometry: list[np.ndarray] = []

    def __enter__(self) -> "FoundFaces":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __len__(self) -> int:
        return len(self._rows)

    def write(self, frame: Frame, rows: Sequence[Row]) -> None:
        """Keeps the rows of a frame that have a face."""
        del frame
        for row in rows:
            if row.values is None:
                continue
            if row.landmarks is not None:
                self._geometry.append(geometry_signature(row.landmarks).astype(np.float32))
            self._clips.append(self.clip)
            self._rows.append(dataclasses.replace(row, crop=None, landmarks=None, blendshapes=None))

    def arrays(self) -> dict[str, Float[np.ndarray, "row number"]]:
        """The features, the raw outputs and, where all faces have landmarks, the proportions of the face."""
        raw = [name for name in self._rows[0].values if name.startswith(RAW)]
        found = {name.removeprefix(RAW): self._stack(name) for name in raw}
        if len(self._geometry) == len(self._rows):
            found[GEOMETRY] = np.stack(self._geometry)
        return found

    def rows(self, predictor: Predictor) -> Rows:
        """The table; the clip of a row is the name of its video, and boxes are NaN where each frame is a crop."""
        written = [arguments_of(row) for row in self._rows]
        boxes = [(np.nan,) * 5 if box is None else box for (_, _, box), _ in written]
        quality = [np.nan if more["quality"] is None else more["quality"] for _, more in written]
        column = lambda field: [getattr(row, field) for row in self._rows]
        return Rows(
            label_set=predictor.label_set,
            crop_px=predictor.crop_px,
            source=tuple(column("name")),
            subject=("",) * len(self),
            clip=tuple(self._clips),
            frame=np.array(column("frame")),
            face=np.array(column("face")),
            time_seconds=np.array(column("time_seconds"), np.float64),
            values={name: self._stack(name).astype(np.float64) for name in predictor.quantities},
            labels=Labels(),
            success=np.ones(len(self), bool),
            boxes=np.array(boxes, np.float64),
            quality=np.array(quality, np.float64),
        )

    def _stack(self, name: str) -> np.ndarray:
        return np.stack([row.values[name] for row in self._rows])


def find_features(predictor: FeaturePredictor, source: pathlib.Path, make_tracks: MakeTracks | None) -> FoundFaces:
    """The faces of a video, an image, or all images and videos of a folder.

    Without `make_tracks`, each frame is treated as a face crop. In a folder, a broken file is listed among the problems
    of the result. ValueError if there is no face at all.
    """
    listed = list_files(source)
    faces = FoundFaces()
    faces.problems += listed.problems
    if listed.images:
        given = [(image.name, image) for image in listed.images]
        _feed(faces, predictor, read_frames(given, faces.problems), make_tracks, title=source.name, unit="image")
    for video in listed.videos:
        try:
            _feed_video(faces, predictor, video, make_tracks)
        except (ValueError, OSError) as error:
            if not source.is_dir() or getattr(error, "errno", None) in OF_ALL_FILES:
                raise
            logging.warning("%s", error)
            faces.problems.append(str(error))
    if not len(faces):
        reasons = "".join(f"; {problem}" for problem in faces.problems[:1])
        raise ValueError(f"{source} contains no face{reasons}; face crops need --faces=whole_frame")
    return faces


def _feed_video(
    faces: FoundFaces, predictor: FeaturePredictor, source: pathlib.Path, make_tracks: MakeTracks | None
) -> None:
    with Video(source) as video:
        rate = FrameRate.choose(predictor, video.rate)
        if warning := rate.warning(predictor):
            logging.warning("%s: %s", printable(source.name), warning)
        faces.clip = source.name
        recording = {"step_seconds": float(1 / video.rate), "expected": video.expected_frames()}
        _feed(faces, rate.apply(predictor), video, make_tracks, title=printable(source.name), **recording)
        faces.clip = ""
    if video.problem:
        logging.warning("%s", video.problem)
        faces.problems.append(video.problem)


def _feed(
    faces: FoundFaces,
    predictor: FeaturePredictor,
    frames: Any,
    make_tracks: MakeTracks | None,
    title: str,
    step_seconds: float = 0.0,
    expected: int | None = None,
    unit: str = "frame",
) -> None:
    """Adds the faces of frames, which form a recording if they have a step in time."""
    tracks = None if make_tracks is None else make_tracks(step_seconds)
    connected = step_seconds > 0
    sightings = estimate(predictor, frames, tracks, connected=connected, step_seconds=step_seconds)
    with contextlib.closing(sightings):
        feed([faces], sightings, title, expected, unit)
