"""How the scores of a network on still images change when the images do.

  python -m benchmarks.robustness --workdir=runs/real_faces/static --data=affectnet --split=validation

The same faces as they are, in gray, darker, brighter, and in wider, narrower and shifted crops; then the
quarters of the faces with the darkest and the lightest skin, by the median luma of the cheeks as they are. In gray
photographs, luma depends on the light as much as on the skin. Faces need landmarks.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from jaxtyping import UInt8

from affect_jax.data.augment import LUMA
from affect_jax.data.source import as_table
from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.summary import scores
from affect_jax.experiment import cli, restore
from affect_jax.experiment.data import evaluation_batches, existing_store, open_source
from affect_jax.experiment.evaluate import evaluation_source
from affect_jax.experiment.network import make_predict
from affect_jax.tables.rows import Rows
from affect_jax.types import Label, Labels, Source
from launch.flags import define_data, define_workdir

WORKDIR = define_workdir()
DATA, DATA_ROOT, SPLIT, SETTINGS = define_data(split="validation")
CHEEKS = ((1, 31, 48), (15, 35, 54))  # of 68 points: side of the face, wing of the nose, corner of the mouth
SHOWN = ("accuracy", "balanced_accuracy", "ccc/valence", "ccc/arousal")
Image = UInt8[np.ndarray, "height width 3"]


class Altered:
    """A source whose images pass through a function, and whose landmarks are moved by a share of the face."""

    def __init__(self, source: Source, change: Callable[[Image], Image] = lambda image: image, shift: float = 0.0):
        self.source, self.change, self.label_set = source, change, source.label_set
        table = as_table(source.examples)
        landmarks = table.labels["landmarks"]
        face_px = np.ptp(landmarks.value, axis=1).mean(-1)
        moved = landmarks.value + np.float32(shift) * face_px[:, None, None] * np.float32([1, 0])
        self.examples = table.relabel(
            Labels(**{**dict(table.labels.items()), "landmarks": Label(moved, landmarks.weight)})
        )

    def image(self, index: int) -> Image:
        return self.change(self.source.image(index))


def gray(image: Image) -> Image:
    return np.repeat(np.uint8(np.round(image @ LUMA))[..., None], 3, axis=2)


def exposed(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.uint8(np.clip(np.round(image * factor), 0, 255))


def luma_of_cheeks(source: Source) -> np.ndarray:
    """Median luma, 0 to 255, inside the triangles of both cheeks."""
    found = []
    for index, points in enumerate(as_table(source.examples).labels["landmarks"].value):
        image = source.image(index)
        mask = np.zeros(image.shape[:2], np.uint8)
        for triangle in CHEEKS:
            cv2.fillConvexPoly(mask, np.int32(np.round(points[list(triangle)])), 1)
        found.append(np.median(image[mask > 0] @ LUMA) if mask.any() else np.nan)
    return np.array(found)


def table_line(name: str, rows: Rows, index: np.ndarray) -> str:
    found: Mapping[str, float] = scores(rows, index)
    return f"{name:24}{len(index):7}" + "".join(f"{found.get(score, np.nan):19.3f}" for score in SHOWN)


def main() -> None:
    workdir = pathlib.Path(WORKDIR.value)
    placement = restore.evaluation_placement(workdir)
    run, network, variables, _ = restore.restore_run(workdir, placement)
    part = evaluation_source(run, DATA.value, DATA_ROOT.value, SPLIT.value, SETTINGS.value)
    source = open_source(part, run.label_set, existing_store(run), "")
    predict = make_predict(network, placement, "float32")

    def rows_of(source: Source, side_factor: float = 1.0) -> Rows:
        crop = dataclasses.replace(run.crop, side_ratio=run.crop.side_ratio * side_factor)
        batches = evaluation_batches(dataclasses.replace(run, crop=crop), source, workdir)
        quantities = [name for name in run.task.quantities if name != "landmarks"]
        taken = source.examples, quantities, run.label_set, run.contract.input_px
        return collect(lambda batch: predict(variables, batch), batches, *taken)

    print(f"{'':24}{'faces':>7}" + "".join(f"{score:>19}" for score in SHOWN))
    plain = rows_of(source)
    everything = np.arange(len(plain))
    changed = {
        "gray": (Altered(source, gray),),
        "half the light": (Altered(source, exposed(0.5)),),
        "half more light": (Altered(source, exposed(1.5)),),
        "crop 15 % wider": (source, 1.15),
        "crop 15 % narrower": (source, 0.85),
        "crop shifted by 10 %": (Altered(source, shift=0.1),),
    }
    print(table_line("as they are", plain, everything))
    for name, given in changed.items():
        print(table_line(name, rows_of(*given), everything), flush=True)
    luma = luma_of_cheeks(source)
    low, high = np.nanquantile(luma, (0.25, 0.75))
    print(table_line(f"darkest, luma to {low:.0f}", plain, np.flatnonzero(luma <= low)))
    print(table_line(f"lightest, luma from {high:.0f}", plain, np.flatnonzero(luma >= high)))


if __name__ == "__main__":
    cli.run(main)
