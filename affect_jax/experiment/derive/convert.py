"""A network of another program, as a workdir that every command takes for a trained one."""

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from absl import logging

from affect_jax import emotions
from affect_jax.convert import emonet, weights
from affect_jax.convert.table import Converted
from affect_jax.experiment.config import options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive import foreign, write
from affect_jax.experiment.derive.foreign import ConversionConfig
from affect_jax.experiment.network import make_network
from affect_jax.nn.network import Network, Variables, with_names
from affect_jax.ops.geometry import crop_name
from affect_jax.tasks.registry import TASKS

SOURCE, PARITY = "source.json", "parity.json"
TOLERANCE = 1e-4  # of parity, relative to the largest output of each head where that is above 1
# Takes the file's tensors under their own names, images in [0, 1] and the trunk's pooling; gives each head's outputs.
Reference = Callable[[Mapping[str, np.ndarray], np.ndarray, str], Mapping[str, np.ndarray]]


def convert_run(
    file: pathlib.Path,
    workdir: pathlib.Path,
    settings: ConversionConfig,
    base: options.Config,
    reference: Reference | None = None,
) -> dict[str, Any]:
    """Writes `workdir` with the network at step 0, source.json and, given a reference, parity.json; returns the source.

    `base` is a config without model, task and data. UsageError for a file or an option that does not fit, ValueError
    where the outputs differ from the reference's; in both cases nothing is written.
    """
    found = foreign.read(file)
    network_name = settings.network
    if network_name == "auto":
        network_name = "emonet" if emonet.is_emonet(found.tensors) else "fan"
    model, label_set, converted = foreign.converted(network_name, found, file, settings)
    config = _config(base, model, label_set, file)
    run = options.parse(config)
    source = _source(network_name, found, converted, file, run, settings)
    if (there := write.there(workdir, config, SOURCE)) is not None:
        if there.get("sha256") != source["sha256"]:
            raise UsageError(f"--workdir={workdir} holds the conversion of another file; choose another folder")
        return there
    network = make_network(run)
    variables = with_names(network.abstract, converted.arrays)
    parity = None
    if reference is not None:
        pooling = model["trunk"]["pooling"]
        parity = _parity(network, variables, found, run.contract.input_px, pooling, reference)
    notes = {SOURCE: source} | ({} if parity is None else {PARITY: parity})
    write.write(workdir, config, network, variables, notes)
    logging.info("%s: %d entries of %s (%s)", workdir, len(found.tensors), file, found.form)
    logging.warning("license of the weights: %s", source["license"])
    return source


def _config(base: options.Config, model: Mapping[str, Any], label_set: str, file: pathlib.Path) -> dict[str, Any]:
    task = "affect" if model["name"] == "emonet" else "landmarks"
    return {
        **options.as_dict(base),
        "label_set": label_set,
        "model": dict(model),
        "task": {"name": task, **dataclasses.asdict(TASKS[task][1]())},
        "initialize": {"rule": "converted", "workdir": file.name},
    }


def _source(
    name: str,
    found: weights.Weights,
    converted: Converted,
    file: pathlib.Path,
    run: options.Options,
    settings: ConversionConfig,
) -> dict[str, Any]:
    labels = {"label_set": run.label_set, "labels": list(emotions.names(run.label_set))}
    return {
        "file": file.name,
        "sha256": found.sha256,
        "form": found.form,
        "network": name,
        "entries": converted.entries,
        "converted": len(converted.arrays),
        "not_needed": {
            "reason": "counters of norms",
            "count": len(converted.not_needed),
            "names": converted.not_needed,
        },
        "license": settings.license or foreign.LICENSES[name],
        "crop": crop_name(run.contract.input_px, run.crop.side_ratio),
        **(labels if run.predicts_affect else {}),
        "input": "RGB in [0, 1], no further normalization",
        "versions": {package: version(package) for package in ("affect_jax", "jax", "flax", "numpy")},
    }


def _parity(
    network: Network, variables: Variables, found: weights.Weights, input_px: int, pooling: str, reference: Reference
) -> dict[str, Any]:
    """Largest differences to the reference on pictures of noise; ValueError where one is too large."""
    images = np.random.default_rng(0).uniform(0, 1, (2, input_px, input_px, 3)).astype(np.float32)
    with jax.default_matmul_precision("float32"):
        ours = jax.device_get(jax.jit(network.predict)(variables, images))
    result: dict[str, Any] = {"tolerance": TOLERANCE, "images": "2 of uniform noise", "input_px": input_px, "heads": {}}
    for head, expected in reference(found.tensors, images, pooling).items():
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
