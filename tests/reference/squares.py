"""Recordings of noise in which up to four faces are at known places."""

import numpy as np

from affect_jax.faces.face import Face
from affect_jax.predict.estimate import estimate
from affect_jax.predict.sources import Frame

FPS = 25.0
PLACES = {0: (4, 4), 1: (4, 36), 2: (36, 4), 3: (36, 36)}  # left, top of the square of each face
SIDE = 24


class Squares:
    """Finds the faces that are said to be in each frame, at their places."""

    def __init__(self, faces):
        self.faces = faces

    def find(self, image, time_seconds, restarts=False):
        found = []
        for number in self.faces[round(time_seconds * FPS)]:
            left, top = PLACES[number]
            landmarks = np.float32([[left, top], [left + SIDE, top + SIDE]] * 34)
            box = (float(left), float(top), float(SIDE), float(SIDE))
            found.append(Face(landmarks, box, 0.9, np.zeros((478, 3), np.float32), number=number))
        return found

    def reset(self):
        pass


def frames_of(count, seed=0):
    rng = np.random.default_rng(seed)
    for index in range(count):
        yield Frame("made", index, index / FPS, rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))


def rows_of(network, faces, seed=0):
    frames = frames_of(len(faces), seed)
    return [row for _, rows in estimate(network, frames, Squares(faces), step_seconds=1 / FPS) for row in rows]
