"""Where a trained network looks: a picture of some faces, and numbers over all of them."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from absl import logging

from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import SKIPPED, evaluation_batches, open_source
from affect_jax.experiment.evaluate import source_of
from affect_jax.experiment.network import make_predict
from affect_jax.files.atomic import open_atomically
from affect_jax.metrics.attention import ENLARGED, face_region, share_inside
from affect_jax.metrics.landmark import LandmarkError, landmark_scores
from affect_jax.ops.geometry import inside
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.report.sections.attention import AttendedFace, draw_attention
from affect_jax.types import Batch, Predictions, Source


@dataclasses.dataclass(frozen=True)
class Measured:
    """One face in numbers; None where it has no labeled landmarks on the crop."""

    nme: float | None = None
    share: float | None = None  # of the mask's positive mass on the face
    area: float | None = None  # of the crop that the face covers: the share of a mask that is the same everywhere


def attention(
    workdir: pathlib.Path, data: str, root: str, split: str, settings: Sequence[str], output: pathlib.Path, count: int
) -> dict:
    """Draws `count` faces, spread evenly over the data set, to `output`; measures all faces, into a JSON beside it."""
    if output.suffix.lower() != ".png":
        raise UsageError(f"--output={output}: expected the name of a PNG file")
    placement = restore.placement(workdir)
    run, network, variables, step = restore.restored(workdir, placement)
    if run.data.frames:
        raise UsageError(f"{workdir} holds a clip network; give the static or landmark network that it grew from")
    part = source_of(run, data, root, split, settings)
    folder = workdir / "evaluation" / f"{data}_{split}"
    source = open_source(part, run.label_set, run.data.store, str(folder / SKIPPED))
    predict = make_predict(network, placement)
    batches = evaluation_batches(run, source, folder)
    shown, measured = look(lambda batch: predict(variables, batch), batches, source, count)
    found = {"workdir": str(workdir), "checkpoint_step": step, "data": data, "split": split, **summary(measured)}
    output.parent.mkdir(parents=True, exist_ok=True)
    draw_attention(shown, output, f"{workdir.name}@{step} on {data} {split}: {sentence(found)}")
    found["shown"] = [face.name for face in shown]
    with open_atomically(output.with_suffix(".json")) as file:
        file.write(json.dumps(found, indent=1, allow_nan=False) + "\n")
    logging.info("wrote %s and %s", output, output.with_suffix(".json"))
    return found


def look(
    predict: Callable[[Batch], Predictions], batches: Iterable[Batch], source: Source, count: int
) -> tuple[list[AttendedFace], list[Measured]]:
    """The faces to be shown, and the numbers of all faces."""
    size = len(source.examples)
    chosen = set(np.linspace(0, size - 1, min(count, size)).round().astype(int).tolist())
    shown, measured = [], []
    for batch in batches:
        predictions, images = predict(batch), batch.inputs.images
        if "landmarks" not in predictions:
            raise UsageError("this network has no heatmaps to show")
        last, image_px = predictions["landmarks"][..., -1, :, :, :], images.shape[-2]
        predicted, masks = np.asarray(decode_heatmaps(last, image_px)), np.asarray(last.sum(-1))
        label = batch.labels.get("landmarks")
        for row in np.flatnonzero(batch.weight > 0).tolist():
            truth = label.value[row] if label is not None and label.weight[row] > 0 else None
            numbers = _measure(predicted[row], truth, masks[row], image_px)
            measured.append(numbers)
            if (index := int(batch.index[row])) in chosen:
                face = AttendedFace(
                    source.examples[index].name, images[row], masks[row], predicted[row], truth, numbers.nme
                )
                shown.append(dataclasses.replace(face, share=numbers.share))
    if not shown:
        raise ValueError("none of the chosen faces could be read; see the messages above")
    return shown, measured


def _measure(predicted: np.ndarray, truth: np.ndarray | None, mask: np.ndarray, image_px: int) -> Measured:
    if not np.isfinite(predicted).all() or not np.isfinite(mask).all():
        raise ValueError("the network gave heatmaps that are not finite; its training has diverged")
    if truth is None:
        return Measured()
    error = LandmarkError.of(predicted, truth, inside(truth, image_px))
    region = face_region(truth, image_px, len(mask))
    share = share_inside(mask, region)
    return Measured(landmark_scores(error).get("nme"), None if np.isnan(share) else share, float(region.mean()))


def summary(measured: Sequence[Measured]) -> dict:
    """Means over the faces that have each number, and how many those are."""
    found: dict = {"faces": len(measured), "hull_enlarged": ENLARGED}
    for name, field in (("nme", "nme"), ("mask_on_face", "share"), ("face_of_crop", "area")):
        values = [getattr(face, field) for face in measured if getattr(face, field) is not None]
        found[f"{name}_faces"] = len(values)
        if values:
            found[name] = float(np.mean(values))
            found[f"{name}_least"], found[f"{name}_most"] = float(min(values)), float(max(values))
    return found


def sentence(found: dict) -> str:
    """The summary for a reader."""
    if "nme" not in found:
        return f"{found['faces']} faces without labeled landmarks"
    text = f"NME {found['nme']:.4f} over {found['nme_faces']} faces"
    if "mask_on_face" not in found:
        return f"{text}; the mask is nowhere positive"
    return (
        f"{text}; {found['mask_on_face']:.0%} of the mask on the face, which is {found['face_of_crop']:.0%} of the crop"
    )
