"""Converts another program's network into a workdir that works like a trained one in every command."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from absl import logging

import affect_jax
from affect_jax import emotions
from affect_jax.convert.tensors import Tensors
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import foreign, write
from affect_jax.experiment.derive.draw import draw_arrays
from affect_jax.experiment.derive.foreign import ConversionConfig, Foreign, ForeignFile
from affect_jax.experiment.network import make_network
from affect_jax.nn.network import Network, Variables, names, with_names
from affect_jax.ops.geometry import crop_name
from affect_jax.tasks.registry import TASKS

PARITY = "parity.json"
TASK_OF = {"emonet": "affect", "landmarks": "landmarks", "intensity_i3d": "intensity"}  # by model
TOLERANCE = 1e-4  # of parity, relative to the largest output of each head, or to 1 if that is larger
# From the file's tensors under their own names, images in [0, 1] and the trunk's pooling to the outputs of each head.
Reference = Callable[[Mapping[str, np.ndarray], np.ndarray, str], Mapping[str, np.ndarray]]


def convert_run(
    file: pathlib.Path,
    workdir: pathlib.Path,
    settings: ConversionConfig,
    base: options.Config,
    reference: Reference | None = None,
) -> dict[str, Any]:
    """Writes `workdir` with the network at step 0, source.json and, given a reference, parity.json; returns the former.

    `base` is a config without model, task and data. UsageError if the file or an option does not fit, ValueError if the
    outputs differ from the reference; in both cases nothing is written.
    """
    with write.reserve(workdir):
        return _convert(file, workdir, settings, base, reference)


def _convert(
    file: pathlib.Path,
    workdir: pathlib.Path,
    settings: ConversionConfig,
    base: options.Config,
    reference: Reference | None,
) -> dict[str, Any]:
    found = foreign.read_file(file, settings.network)
    made = foreign.convert_tensors(found, file, settings)
    config = _config(base, made, file)
    run = options.parse(config)
    network = make_network(run)
    drawn = [name for name in sorted(names(network.abstract)) if made.head and name.startswith(made.head)]
    source = {
        "file": file.name,
        "sha256": found.weights.sha256,
        "form": found.weights.form,
        **_source(found, made, run, drawn),
    }
    if (existing := write.existing_result(workdir, config, write.SOURCE)) is not None:
        if existing.get("sha256") != source["sha256"]:
            raise UsageError(f"--workdir={workdir} holds the conversion of another file; choose another folder")
        return existing
    heads = draw_arrays(network, jax.random.key(run.seed), drawn) if drawn else {}
    variables = with_names(network.abstract, {**made.converted.arrays, **heads})
    parity = None
    if reference is not None and not drawn:
        pooling = made.model["trunk"]["pooling"]
        parity = _parity(network, variables, found.chosen.tensors, run.contract.input_px, pooling, reference)
    notes = {write.SOURCE: source}
    if parity is not None:
        notes[PARITY] = parity
    write.write_run(workdir, config, network, variables, notes)
    _log(workdir, file, found, source)
    return source


def _log(workdir: pathlib.Path, file: pathlib.Path, found: ForeignFile, source: Mapping[str, Any]) -> None:
    logging.info("%s: %d entries of %s (%s)", workdir, len(found.chosen.tensors), file, found.weights.form)
    if found.chosen.note:
        logging.info("%s", found.chosen.note)
    if write.DRAWN in source:
        drawn = " and ".join(source[write.DRAWN])
        logging.warning("newly drawn: %s; train the network before its outputs mean anything", drawn)
    logging.warning("license of the weights: %s", source["license"])


def _config(base: options.Config, made: Foreign, file: pathlib.Path) -> dict[str, Any]:
    task = TASK_OF[made.model["name"]]
    common = options.as_dict(base)
    return {
        **common,
        "crop": {**common["crop"], "warp": made.warp},
        "label_set": made.label_set,
        "model": made.model,
        "task": {"name": task, **dataclasses.asdict(TASKS[task][1]())},
        "initialize": {"rule": "converted", "workdir": file.name},
    }


def _source(found: ForeignFile, made: Foreign, run: options.Options, drawn: list[str]) -> dict[str, Any]:
    converted, unused = made.converted, {}
    if converted.left_out:
        unused = {"reason": "the head of what it was trained on", "names": converted.left_out}
    labels = {"label_set": run.label_set, "labels": list(emotions.names(run.label_set))}
    return {
        "network": found.network,
        **({"program": found.program.name} if found.network == "i3d" else {}),
        "prefix": found.chosen.copy.prefix,
        "left_out": found.chosen.left_out,
        "entries": converted.entries,
        "converted": converted.entries - len(converted.not_needed) - len(converted.left_out),
        "not_needed": {
            "reason": "batch counters of normalization layers",
            "count": len(converted.not_needed),
            "names": converted.not_needed,
        },
        **({"head": unused} if unused else {}),
        **({write.DRAWN: drawn} if drawn else {}),
        **converted.notes,
        "license": made.license,
        "crop": crop_name(run.contract.input_px, run.crop),
        **(labels if run.predicts_affect else {}),
        "input": "RGB in [0, 1], no further normalization",
        "versions": {"affect_jax": affect_jax.__version__}
        | {package: version(package) for package in ("jax", "flax", "numpy")},
    }


def _parity(
    network: Network,
    variables: Variables,
    tensors: Tensors,
    input_px: int,
    pooling: str,
    reference: Reference,
) -> dict[str, Any]:
    """Largest differences from the reference on noise images; ValueError if one exceeds the tolerance."""
    images = np.random.default_rng(0).uniform(0, 1, (2, input_px, input_px, 3)).astype(np.float32)
    with jax.default_matmul_precision("float32"):
        ours = jax.device_get(jax.jit(network.predict)(variables, images))
    result: dict[str, Any] = {"tolerance": TOLERANCE, "images": "2 of uniform noise", "input_px": input_px, "heads": {}}
    for head, expected in reference(tensors, images, pooling).items():
        difference = float(np.abs(ours[head] - expected).max())
        largest = float(np.abs(expected).max())
        result["heads"][head] = {"largest_difference": difference, "largest_output": largest}
        if not difference <= TOLERANCE * max(1.0, largest):
            raise ValueError(
                f"{head} differs by {difference:.2e} from the reference in PyTorch (largest output {largest:.3g}, "
                f"tolerance {TOLERANCE}); nothing was written"
            )
    logging.info("parity: %s", json.dumps(result["heads"]))
    return result
