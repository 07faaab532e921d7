"""Where a trained network attends: a plot of some faces, and statistics over all of them."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from absl import logging

from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import SKIPPED, evaluation_batches, existing_store, open_source
from affect_jax.experiment.evaluate import evaluation_source
from affect_jax.experiment.network import make_predict
from affect_jax.files.atomic import open_atomically
from affect_jax.files.disk import require_writable
from affect_jax.metrics.attention import ENLARGED, face_region, share_inside
from affect_jax.metrics.landmark import LandmarkError, landmark_scores
from affect_jax.ops.geometry import inside
from affect_jax.ops.heatmap import decode_heatmaps
from affect_jax.ops.image import unit_range
from affect_jax.report.sections.attention import AttendedFace, draw_attention
from affect_jax.types import Batch, Predictions, Source


@dataclasses.dataclass(frozen=True)
class FaceMeasures:
    """Measurements of one face; None without labeled landmarks on the crop."""

    nme: float | None = None
    share: float | None = None  # fraction of the mask's positive mass that lies on the face
    area: float | None = None  # fraction of the crop that the face covers, which is the share of a uniform mask


def attention(
    workdir: pathlib.Path, data: str, root: str, split: str, settings: Sequence[str], output: pathlib.Path, count: int
) -> dict:
    """Plots `count` evenly spaced faces of a data set, and writes statistics of all faces to a JSON file beside it."""
    if output.suffix.lower() != ".png":
        raise UsageError(f"--output={output}: expected the name of a PNG file")
    require_writable(output)
    placement = restore.evaluation_placement(workdir)
    run, network, variables, step = restore.restore_run(workdir, placement)
    if run.data.frames:
        raise UsageError(
            f"{workdir} holds a network of clips; pass a static or landmark network, as the one it came from"
        )
    part = evaluation_source(run, data, root, split, settings)
    folder = output.with_suffix("")  # the run itself may be one that can only be read
    source = open_source(part, run.label_set, existing_store(run), str(folder / SKIPPED))
    predict = make_predict(network, placement)
    batches = evaluation_batches(run, source, folder)
    shown, measured = measure_faces(lambda batch: predict(variables, batch), batches, source, count)
    summary = {"workdir": str(workdir), "checkpoint_step": step, "data": data, "split": split, **summarize(measured)}
    output.parent.mkdir(parents=True, exist_ok=True)
    draw_attention(shown, output, f"{workdir.name}@{step} on {data} {split}: {describe(summary)}")
    summary["shown"] = [face.name for face in shown]
    with open_atomically(output.with_suffix(".json")) as file:
        file.write(json.dumps(summary, indent=1, allow_nan=False) + "\n")
    logging.info("wrote %s and %s", output, output.with_suffix(".json"))
    return summary


def measure_faces(
    predict: Callable[[Batch], Predictions], batches: Iterable[Batch], source: Source, count: int
) -> tuple[list[AttendedFace], list[FaceMeasures]]:
    """The faces to plot, and the measurements of all faces."""
    size = len(source.examples)
    selected = set(np.linspace(0, size - 1, min(count, size)).round().astype(int).tolist())
    shown, measured = [], []
    for batch in batches:
        predictions = predict(batch)
        images = batch.inputs.images
        if "landmarks" not in predictions:
            raise UsageError("this network predicts no landmark heatmaps, so there is nothing to plot")
        heatmaps = predictions["landmarks"][..., -1, :, :, :]  # of the last hourglass
        image_px = images.shape[-2]
        predicted = np.asarray(decode_heatmaps(heatmaps, image_px))
        masks = np.asarray(heatmaps.sum(-1))
        label = batch.labels.get("landmarks")
        for row in np.flatnonzero(batch.weight > 0).tolist():
            truth = label.value[row] if label is not None and label.weight[row] > 0 else None
            measures = _measure(predicted[row], truth, masks[row], image_px)
            measured.append(measures)
            index = int(batch.index[row])
            if index in selected:
                name = source.examples[index].name
                face = AttendedFace(name, unit_range(images[row]), masks[row], predicted[row], truth, measures.nme)
                shown.append(dataclasses.replace(face, share=measures.share))
    if not shown:
        raise ValueError("none of the selected faces could be read; see the messages above")
    return shown, measured


def _measure(predicted: np.ndarray, truth: np.ndarray | None, mask: np.ndarray, image_px: int) -> FaceMeasures:
    if not np.isfinite(predicted).all() or not np.isfinite(mask).all():
        raise ValueError("the network predicted heatmaps that are not finite; its training has diverged")
    if truth is None:
        return FaceMeasures()
    error = LandmarkError.of(predicted, truth, inside(truth, image_px))
    region = face_region(truth, image_px, len(mask))
    share = share_inside(mask, region)
    return FaceMeasures(landmark_scores(error).get("nme"), None if np.isnan(share) else share, float(region.mean()))


def summarize(measured: Sequence[FaceMeasures]) -> dict:
    """Mean, minimum, maximum and count of each measurement, over the faces that have it."""
    summary: dict = {"faces": len(measured), "hull_enlarged": ENLARGED}
    for name, field in (("nme", "nme"), ("mask_on_face", "share"), ("face_of_crop", "area")):
        values = [getattr(face, field) for face in measured if getattr(face, field) is not None]
        summary[f"{name}_faces"] = len(values)
        if values:
            summary[name] = float(np.mean(values))
            summary[f"{name}_least"] = float(min(values))
            summary[f"{name}_most"] = float(max(values))
    return summary


def describe(summary: dict) -> str:
    """The summary in a sentence."""
    if "nme" not in summary:
        return f"{summary['faces']} faces without labeled landmarks"
    text = f"NME {summary['nme']:.4f} over {summary['nme_faces']} faces"
    if "mask_on_face" not in summary:
        return f"{text}; the mask is nowhere positive"
    on_face, of_crop = summary["mask_on_face"], summary["face_of_crop"]
    return f"{text}; {on_face:.0%} of the mask on the face, which is {of_crop:.0%} of the crop"
