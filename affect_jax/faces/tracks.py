"""Finds all faces of each frame of a recording, and keeps their numbers."""

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from affect_jax.faces.assignment import assign
from affect_jax.faces.face import Face, overlap
from affect_jax.faces.face_mesh import region_of_mesh
from affect_jax.faces.landmarker import Landmarker
from affect_jax.faces.scene import correlation, same_image_limit, view_around
from affect_jax.faces.search import is_same, search, search_regions
from affect_jax.faces.track import Track
from affect_jax.ops.geometry import Crop
from affect_jax.ops.image_checks import check_photograph

LOOK_SECONDS = 0.2  # between two looks for new faces
LOST_SECONDS = 2.0  # so long a face that is out of sight keeps its number
TILE_LEVELS = 1  # how finely an image is tiled if no face is found in the whole


class FaceTracks:
    """Finds all faces of each frame of a recording and keeps their numbers.

    The mesh of one frame says where a face is looked for in the next; the detector looks for new faces.
    """

    def __init__(
        self,
        model_path: str | os.PathLike | None = None,
        *,
        step_seconds: float = 0.04,
        blendshapes: bool = False,
        threads: int = 1,
        tile_levels: int = TILE_LEVELS,
    ):
        """`model_path`: the user's own face_landmarker.task; None uses the cached or downloaded one.

        `step_seconds`: usual time between two frames.
        """
        self._landmarker = Landmarker(model_path, threads)
        self._step_seconds = step_seconds
        self._tile_levels = tile_levels
        self.reset()

    def reset(self) -> None:
        """Begins a new recording, or an unrelated image: numbers begin at 0 again."""
        self._tracks: list[Track] = []
        self._numbers = 0
        self._time: float | None = None  # of the last frame
        self._look_seconds = -np.inf  # time of the next look
        self._regions: list[Crop] = []  # in which faces were found last

    def find(
        self, image: UInt8[np.ndarray, "height width 3"], time_seconds: float, restarts: bool = False
    ) -> list[Face]:
        """Finds all faces of the next frame, sorted by number; those of a new recording from left to right.

        `restarts`: the clock ran backwards here. ValueError if the image is not uint8 [height, width, 3].
        """
        check_photograph(image)
        self._advance(time_seconds, restarts)
        self._forget(image)
        faces = self._continue(image)
        faces = self._without_twins(faces)
        if not faces or self._time >= self._look_seconds or self._lost():
            faces += self._look(image, faces)
        return self._number(image, faces)

    def _advance(self, time_seconds: float, restarts: bool) -> None:
        if self._time is not None and (restarts or time_seconds < self._time):
            # Only differences count: the last frame was one step ago.
            shift = time_seconds - self._step_seconds - self._time
            for track in self._tracks:
                track.seen_seconds += shift
                track.velocity = np.zeros(2)
            self._look_seconds += shift
        self._last = self._time if self._time is not None else time_seconds
        self._time = time_seconds

    def _forget(self, image: UInt8[np.ndarray, "height width 3"]) -> None:
        """Ends tracks that were cut, or are out of sight for too long."""
        longest = max(LOST_SECONDS, 1.5 * self._step_seconds)
        self._tracks = [track for track in self._tracks if self._time - track.seen_seconds <= longest]
        cut = [self._is_cut(track, image) for track in self._tracks]
        kept = [track for track, is_cut in zip(self._tracks, cut, strict=True) if not is_cut]
        covered = [
            track
            for track, is_cut in zip(self._tracks, cut, strict=True)
            if is_cut and any(overlap(track.box(self._time), other.box(self._time)) > 0 for other in kept)
        ]
        self._tracks = kept + covered

    def _is_cut(self, track: Track, image: UInt8[np.ndarray, "height width 3"]) -> bool:
        limit = same_image_limit(self._time - track.seen_seconds)
        return correlation(track.view, self._view(image, track.face)) < limit

    def _view(self, image: UInt8[np.ndarray, "height width 3"], face: Face) -> np.ndarray:
        height, width = image.shape[:2]
        left, top, box_width, box_height = face.box
        return view_around(image, (left / width, top / height, box_width / width, box_height / height))

    def _continue(self, image: UInt8[np.ndarray, "height width 3"]) -> list[tuple[Track, Face]]:
        pairs = []
        for track in self._visible():
            region = region_of_mesh(track.face.mesh)
            way = track.way(self._time)
            region = dataclasses.replace(
                region, center_x_px=region.center_x_px + float(way[0]), center_y_px=region.center_y_px + float(way[1])
            )
            if (face := self._landmarker.fit(image, region)) is not None:
                pairs.append((track, face))
        return pairs

    def _visible(self) -> list[Track]:
        return [track for track in self._tracks if track.seen_seconds >= self._last]

    def _lost(self) -> list[Track]:
        return [track for track in self._tracks if track.seen_seconds < self._last]

    def _without_twins(self, pairs: Sequence[tuple[Track, Face]]) -> list[Face]:
        """Of meshes that lie on one face, keeps that whose track should be there."""

        def misfit(pair: tuple[Track, Face]) -> float:
            return -overlap(pair[0].box(self._time), pair[1].box)

        kept: list[Face] = []
        for _, face in sorted(pairs, key=misfit):
            if not any(is_same(face, other) for other in kept):
                kept.append(face)
        return kept

    def _look(self, image: UInt8[np.ndarray, "height width 3"], known: list[Face]) -> list[Face]:
        self._look_seconds = self._time + LOOK_SECONDS
        if known:
            return search(self._landmarker, image, self._regions, known)
        for regions in search_regions(image.shape[1], image.shape[0], self._tile_levels):
            if found := search(self._landmarker, image, regions):
                self._regions = regions  # where other faces are looked for as well
                return found
        return []

    def _number(self, image: UInt8[np.ndarray, "height width 3"], faces: list[Face]) -> list[Face]:
        faces = sorted(faces, key=lambda face: face.middle[0])
        pairs = assign(self._tracks, faces, self._time)
        tracks = list(self._tracks)
        numbered = []
        for place, face in enumerate(faces):
            view = self._view(image, face)
            if place in pairs:
                track = tracks[pairs[place]]
                face = dataclasses.replace(face, number=track.number)
                track.follow(face, self._time, view)
            else:
                face = dataclasses.replace(face, number=self._numbers)
                self._tracks.append(Track(self._numbers, face, self._time, view))
                self._numbers += 1
            numbered.append(face)
        return sorted(numbered, key=lambda face: face.number)
