"""Stores the pooled features of a trained network, of a data set or of videos and images."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import jax
import numpy as np
from absl import logging

from affect_jax.data.source import as_table
from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.raw_outputs import RawOutputs
from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.data import SKIPPED, evaluation_batches, existing_store, open_source
from affect_jax.experiment.evaluate import conditions_of, evaluation_source
from affect_jax.experiment.network import make_predict
from affect_jax.experiment.predict import Finding
from affect_jax.experiment.predictor import make_predictor
from affect_jax.faces.geometry_signature import geometry_signature
from affect_jax.files.disk import require_writable
from affect_jax.files.problems import raise_problems
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.models.contract import Contract
from affect_jax.models.features import affect_layers, with_features
from affect_jax.nn.network import Network, Variables, names
from affect_jax.ops.geometry import crop_name
from affect_jax.personal.digest import network_digest
from affect_jax.personal.outputs import adapted_quantities
from affect_jax.predict.features import FeaturePredictor, find_features
from affect_jax.tables.feature_rows import (
    ARRAYS,
    FACTS,
    FEATURES,
    GEOMETRY,
    HEAD,
    TABLE,
    Arrays,
    FeatureFacts,
    FeatureRows,
    read_facts,
    write_feature_rows,
)
from affect_jax.tables.rows import Rows
from affect_jax.types import Source

LAST_LAYER = {"output_kernel", "output_bias"}
BESIDE = ("emotion",)  # in the table, where the network predicts it


def store_data_set(
    workdir: pathlib.Path, data: str, root: str, split: str, settings: Sequence[str], output: pathlib.Path
) -> int:
    """Writes the features of a data set, found and labeled as in `evaluate_run`; returns the number of faces."""
    placement = restore.evaluation_placement(workdir)
    require_writable(output)
    run, network, variables, step = restore.restore_run(workdir, placement)
    adapted = _require_features(workdir, run.model_name, run.contract)
    part = evaluation_source(run, data, root, split, settings)
    conditions = conditions_of(run, part, (), step)
    described = {"reader": conditions.data, "split": part.options.own_split, "options": conditions.reader}
    facts = _facts(workdir, run, variables, step, conditions.crop, described)
    _require_same_conditions(output, facts)
    source = open_source(part, run.label_set, existing_store(run), str(output / SKIPPED))
    ready = make_predict(with_features(network), placement)
    function = RawOutputs(lambda batch: ready(variables, batch), (FEATURES, *adapted))
    batches = evaluation_batches(run, source, output)
    rows = collect(function, batches, source.examples, (*adapted, *BESIDE), run.label_set, run.contract.input_px)
    arrays = function.arrays() | _geometry(source, function.index) | _head(network, variables, run.contract)
    return _write(output, rows, arrays, facts)


def store_files(workdir: pathlib.Path, source: pathlib.Path, output: pathlib.Path, finding: Finding) -> int:
    """Writes the features of all faces of a video, an image or a folder, found as in `predict_run`; returns how many.

    ValueError names the files that failed; those of the others are written.
    """
    if source != STANDARD_INPUT and not source.exists():
        raise UsageError(f"--input={source} does not exist")
    require_writable(output)
    make_tracks = finding.make_tracks()
    run, network, variables, step = restore.restore_run(workdir)
    _require_features(workdir, run.model_name, run.contract)
    crop = crop_name(run.contract.input_px, None if make_tracks is None else run.crop)
    described = {"input": str(source.resolve() if source != STANDARD_INPUT else source), "faces": finding.faces}
    facts = _facts(workdir, run, variables, step, crop, described)
    _require_same_conditions(output, facts)
    plain = make_predictor(workdir, run, with_features(network), variables, step, (), "float32")
    fields = {field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)}
    predictor = FeaturePredictor(**fields)
    faces = find_features(predictor, source, make_tracks)
    count = _write(output, faces.rows(predictor), faces.arrays() | _head(network, variables, run.contract), facts)
    raise_problems(faces.problems)
    return count


def _require_features(workdir: pathlib.Path, model_name: str, contract: Contract) -> tuple[str, ...]:
    """The quantities whose raw outputs are stored; UsageError if the network has none, or offers no features."""
    adapted = adapted_quantities(contract.predicts)
    if not contract.features or not adapted:
        raise UsageError(
            f"{workdir} holds a network '{model_name}', which offers no pooled features; give the workdir of a "
            "network that predicts valence and arousal, or intensities, from images"
        )
    return adapted


def _facts(
    workdir: pathlib.Path, run: Options, variables: Variables, step: int, crop: str, data: dict[str, str]
) -> FeatureFacts:
    arrays = jax.device_get(names(variables))
    return FeatureFacts(f"{workdir.name}@{step}", network_digest(arrays), crop, data)


def _require_same_conditions(folder: pathlib.Path, facts: FeatureFacts) -> None:
    """UsageError if the folder holds features under other conditions, or predictions; other steps are overwritten."""
    if not (folder / FACTS).exists():
        if (folder / TABLE).exists() and not (folder / ARRAYS).exists():
            raise UsageError(f"{folder} holds predictions without features; choose another folder with --output")
        return
    try:
        existing = read_facts(folder)
    except ValueError:
        return
    mine, others = (_entries(each["network"], each["crop"], each["data"]) for each in (vars(facts), existing))
    differing = [name for name in {**others, **mine} if mine.get(name) != others.get(name)]
    if differing:
        there, here = (_described(entries, differing) for entries in (others, mine))
        raise UsageError(
            f"{folder} holds features of {there}; these would be of {here}. Choose another --output, or remove that "
            "folder"
        )


def _entries(network: str, crop: str, data: Mapping[str, str]) -> dict[str, str]:
    return {"network": network.rpartition("@")[0], "crop": crop, **data}


def _described(entries: Mapping[str, str], names: Sequence[str]) -> str:
    """Some of the conditions of features, such as "split 'test' and no options"."""
    found = [f"{name} '{entries[name]}'" if entries[name] else f"no {name}" for name in names if name in entries]
    return ", ".join(found)


def _geometry(source: Source, index: np.ndarray) -> Arrays:
    """The proportions of the faces, if all of them have landmarks."""
    landmarks = as_table(source.examples).labels.get("landmarks")
    if landmarks is None or not (landmarks.weight[index] > 0).all():
        return {}
    return {GEOMETRY: geometry_signature(landmarks.value[index])}


def _head(network: Network, variables: Variables, contract: Contract) -> Arrays:
    layers = in_stored_order(affect_layers(network, variables) or {}, contract.predicts)
    return {HEAD + name: layer for name, layer in layers.items()}


def in_stored_order(layers: Arrays, predicts: Sequence[str]) -> Arrays:
    """The last layer with its columns in the order of the stored quantities, which may not be that of the network."""
    adapted = adapted_quantities(predicts)
    own = [name for name in predicts if name in adapted]
    if own == list(adapted):
        return layers
    found = dict(layers)
    for name in LAST_LAYER & set(layers):
        parts = dict(zip(own, np.split(layers[name], len(own), axis=-1), strict=True))
        found[name] = np.concatenate([parts[quantity] for quantity in adapted], axis=-1)
    return found


def _write(folder: pathlib.Path, rows: Rows, arrays: Arrays, facts: FeatureFacts) -> int:
    write_feature_rows(FeatureRows(rows, arrays, facts), folder)
    count, features = arrays[FEATURES].shape
    logging.info("wrote %d features of %d face%s to %s", features, count, "s" * (count != 1), folder)
    return count
