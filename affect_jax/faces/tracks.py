"""Finds all faces of each frame of a recording, and keeps their numbers."""

import dataclasses
import os
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from affect_jax.faces.assignment import assign
from affect_jax.faces.face import Box, Face, Image, enlarged, overlap
from affect_jax.faces.face_mesh import region_of_mesh
from affect_jax.faces.landmarker import Landmarker
from affect_jax.faces.looking import Looking
from affect_jax.faces.scene import (
    SAME_IMAGE_QUICK,
    colors,
    common_part,
    correlation,
    same_colors_limit,
    same_image_limit,
    view_around,
)
from affect_jax.faces.search import is_same
from affect_jax.faces.track import Track
from affect_jax.ops.geometry import Crop
from affect_jax.ops.image_checks import check_photograph

LOST_SECONDS = 2.0  # so long a face that is out of sight keeps its number
MISSING_SIDE = 1.5  # of the square searched for it, times the side that the mesh sees
PERSON = 2.5  # what belongs to a person beside the face, times the sides of its box: hair and shoulders hide others
TILE_LEVELS = 2  # how finely an image is tiled: faces of a half and of a quarter of the size found in the whole


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
        self._landmarker = Landmarker(model_path, threads, blendshapes)
        self._step_seconds = step_seconds
        self._tile_levels = tile_levels
        self.reset()

    def reset(self) -> None:
        """Begins a new recording, or an unrelated image: numbers begin at 0 again."""
        self._tracks: list[Track] = []
        self._numbers = 0
        self._colors: Float[np.ndarray, ...] | None = None  # of the last frame
        self._last = self._time = -np.inf  # of the last frame and of this one
        self._looking = Looking(self._landmarker, self._tile_levels, self._step_seconds)

    def find(self, image: Image, time_seconds: float, restarts: bool = False) -> list[Face]:
        """Finds all faces of the next frame, sorted by number; new ones are numbered from left to right.

        `restarts`: the clock ran backwards here. ValueError if the image is not uint8 [height, width, 3].
        """
        check_photograph(image)
        self._advance(time_seconds, restarts)
        followed = self._end_at_cut(image, self._follow(image))
        faces = self._without_twins(followed)
        missing = [_around(track, time_seconds) for track in self._tracks if not self._is_visible(track)]
        faces += self._looking.look(image, time_seconds, faces, missing)
        return self._number(image, faces)

    def _advance(self, time_seconds: float, restarts: bool) -> None:
        if restarts or time_seconds < self._time:  # only differences count: the last frame was one step ago
            shift = time_seconds - self._step_seconds - self._time
            for track in self._tracks:
                track.seen_seconds += shift
            self._looking.shift(shift)
            self._time += shift
        self._last, self._time = self._time, time_seconds
        longest = max(LOST_SECONDS, 1.5 * self._step_seconds)
        self._tracks = [track for track in self._tracks if time_seconds - track.seen_seconds <= longest]

    def _is_visible(self, track: Track) -> bool:
        """Whether it was seen in the last frame."""
        return track.seen_seconds >= self._last

    def _follow(self, image: Image) -> dict[Track, Face]:
        followed = {}
        for track in filter(self._is_visible, self._tracks):
            face = self._landmarker.fit(image, _region(track, self._time))
            if face is not None and track.may_become(face, self._time):
                followed[track] = face
        return followed

    def _end_at_cut(self, image: Image, followed: dict[Track, Face]) -> dict[Track, Face]:
        """Ends the tracks around which the image changed at once; all if all of it did."""
        last, self._colors = self._colors, colors(image)
        if last is None:
            return {}
        new_scene = common_part(last, self._colors) < same_colors_limit(self._time - self._last)
        visible = [track for track in self._tracks if self._is_visible(track)]
        cut = [track for track in visible if self._is_cut(track, followed.get(track), image)]
        if not new_scene:
            # Something before a face changes the image as well, but shows no other face there, or that of a neighbor.
            cut = [track for track in cut if track in followed and not self._has_neighbor(track)]
        elif visible and len(cut) == len(visible):
            cut = self._tracks
        else:
            cut += [track for track in self._tracks if track not in visible and self._is_elsewhere(track, image)]
        if cut:
            self._looking.hurry()
        self._tracks = [track for track in self._tracks if track not in cut]
        return {track: face for track, face in followed.items() if track not in cut}

    def _is_cut(self, track: Track, face: Face | None, image: Image) -> bool:
        """Whether nothing is like the image around the face: where it was, should be and is found."""
        limit = same_image_limit(self._time - track.seen_seconds)
        boxes = [track.face.box, track.box(self._time), *([] if face is None else [face.box])]
        return all(correlation(track.view, _view(image, box)) < limit for box in boxes)

    def _is_elsewhere(self, track: Track, image: Image) -> bool:
        """Whether the image where a face is out of sight is no longer nearly as it was when the face was seen."""
        return correlation(track.view, _view(image, track.face.box)) < SAME_IMAGE_QUICK

    def _may_go_on(self, track: Track, image: Image) -> bool:
        """Whether a face in its place may be the same: after a gap, the image there must be as it was."""
        return self._is_visible(track) or self._has_neighbor(track) or not self._is_cut(track, None, image)

    def _has_neighbor(self, track: Track) -> bool:
        around = enlarged(track.box(self._time), PERSON)
        others = (other for other in self._tracks if other is not track)
        return any(overlap(around, enlarged(other.box(self._time), PERSON)) > 0 for other in others)

    def _without_twins(self, followed: dict[Track, Face]) -> list[Face]:
        """Returns the faces; of meshes that lie on one face that whose track should be there."""
        kept: list[Face] = []
        for _, face in sorted(followed.items(), key=lambda pair: -overlap(pair[0].box(self._time), pair[1].box)):
            if not any(is_same(face, other) for other in kept):
                kept.append(face)
        return kept

    def _number(self, image: Image, faces: Sequence[Face]) -> list[Face]:
        faces = sorted(faces, key=lambda face: face.middle[0])
        tracks = [track for track in self._tracks if self._may_go_on(track, image)]
        pairs = assign(tracks, faces, self._time)
        numbered = []
        for place, face in enumerate(faces):
            view = _view(image, face.box)
            if place in pairs:
                track = tracks[pairs[place]]
                track.follow(face, self._time, view)
            else:
                track = Track(self._numbers, face, self._time, view)
                self._tracks.append(track)
                self._numbers += 1
            numbered.append(dataclasses.replace(face, number=track.number))
        numbered = [self._landmarker.describe(image, face) for face in numbered]
        return sorted(numbered, key=lambda face: face.number)


def _region(track: Track, time_seconds: float) -> Crop:
    """The square in which the mesh is fitted."""
    region = region_of_mesh(track.face.mesh)
    x, y = track.way(time_seconds).tolist()
    return dataclasses.replace(region, center_x_px=region.center_x_px + x, center_y_px=region.center_y_px + y)


def _around(track: Track, time_seconds: float) -> Crop:
    """The square in which the detector looks for a face that is out of sight."""
    region = _region(track, time_seconds)
    return dataclasses.replace(region, side_px=MISSING_SIDE * region.side_px)


def _view(image: Image, box: Box) -> np.ndarray:
    height, width = image.shape[:2]
    left, top, box_width, box_height = box
    return view_around(image, (left / width, top / height, box_width / width, box_height / height))
