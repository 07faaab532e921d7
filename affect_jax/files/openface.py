"""Landmark tables of OpenFace 2, one per video: `frame, timestamp, confidence, success, ..., x_0, ..., y_67`.

Source: Baltrusaitis et al., OpenFace 2.0, FG 2018.
"""

import pathlib
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from affect_jax.types import LANDMARKS

X_COLUMNS = tuple(f"x_{number}" for number in range(LANDMARKS))
Y_COLUMNS = tuple(f"y_{number}" for number in range(LANDMARKS))
POINTS = X_COLUMNS + Y_COLUMNS
REQUIRED = ("frame", "success") + POINTS


class Tracked(NamedTuple):
    """Tracking results of one face over the frames of a video."""

    numbers: Int[np.ndarray, "row"]  # frame numbers, from 0
    found: Bool[np.ndarray, "row"]
    landmarks: Float[np.ndarray, "row 68 2"]  # in px of the video; undefined where no face was found


def read_openface(path: pathlib.Path) -> Tracked:
    """Reads the landmarks of one face in each frame; ValueError names the file, the problem and, if known, the row."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        header = [cell.strip() for cell in file.readline().split(",")]
        if missing := [column for column in REQUIRED if column not in header]:
            raise ValueError(
                f"{path}, row 1: column {', '.join(missing[:3])} is missing, expected an OpenFace 2 table with "
                "frame, success and 2D landmarks x_0 to y_67 (-2Dfp)"
            )
        try:
            table = np.loadtxt(file, delimiter=",", usecols=[header.index(name) for name in REQUIRED], ndmin=2)
        except ValueError as error:
            raise ValueError(f"{path}, counting its second row as 0: {error}") from error
    frames, found, points = table[:, 0], table[:, 1] == 1, table[:, 2:].reshape(-1, 2, LANDMARKS).swapaxes(1, 2)
    wrong = np.flatnonzero(np.append(frames[:1] < 1, np.diff(frames) <= 0))
    if len(wrong):
        raise ValueError(
            f"{path}, row {wrong[0] + 2}: frame {frames[wrong[0]]:g} is out of order or repeated, expected frames "
            "starting at 1; is more than one face tracked?"
        )
    broken = np.flatnonzero(found & ~np.isfinite(points).all((1, 2)))
    if len(broken):
        raise ValueError(f"{path}, row {broken[0] + 2}: landmarks are not finite, though success is 1")
    return Tracked(frames.astype(np.int64) - 1, found, points.astype(np.float32))
