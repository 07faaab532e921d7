"""Which face of a frame goes on with which track."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from affect_jax.faces.face import Face, overlap
from affect_jax.faces.scene import same_place_limit
from affect_jax.faces.search import landmark_distance
from affect_jax.faces.track import Track

IMPOSSIBLE = 1e6
# A face that moved while it was out of sight may be off by half the way it went; its size changes by less than a half.
STRAY, LARGEST_RATIO = 0.5, 1.5


def assign(tracks: Sequence[Track], faces: Sequence[Face], time_seconds: float) -> dict[int, int]:
    """Returns for each face that goes on with a track its place in `faces`, and that of the track.

    Faces and tracks are paired so that the sum of their costs is smallest: one minus the overlap of the boxes, plus the
    mean distance of the landmarks in sizes of the face, both from where the track should be by now.
    """
    if not tracks or not faces:
        return {}
    costs = np.array([[_cost(track, face, time_seconds) for track in tracks] for face in faces])
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return {int(face): int(track) for face, track in pairs if costs[face, track] < IMPOSSIBLE}


def _cost(track: Track, face: Face, time_seconds: float) -> float:
    common = overlap(track.box(time_seconds), face.box)
    distance = landmark_distance(track.landmarks(time_seconds), face)
    near = common >= same_place_limit(time_seconds - track.seen_seconds)
    if not near:
        ratio = face.size_px / track.face.size_px
        stray = STRAY * float(np.linalg.norm(track.way(time_seconds))) / face.size_px
        near = distance < stray and 1 / LARGEST_RATIO < ratio < LARGEST_RATIO
    return 1 - common + distance if near else IMPOSSIBLE
