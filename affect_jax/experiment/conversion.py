"""A network of another program, as a workdir that every command takes for a trained one."""

import dataclasses
import json
import os
import pathlib
import shutil
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
import optax
from absl import logging

from affect_jax import emotions
from affect_jax.convert import emonet, fan, weights
from affect_jax.convert.table import Converted, convert
from affect_jax.experiment import build, options
from affect_jax.experiment.errors import UsageError
from affect_jax.models.emonet import EmoNetConfig
from affect_jax.models.fan import FANConfig
from affect_jax.ops.files import replacing
from affect_jax.tasks.registry import TASKS
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.state import Network, Variables, create_state, with_names

SOURCE, PARITY = "source.json", "parity.json"
TOLERANCE = 1e-4  # of parity, relative to the largest output of each head where that is above 1
LABEL_SETS = {8: "affectnet_8", 5: "emonet_5"}  # by number of outputs, in the published order
LICENCES = {
    "emonet": "CC BY-NC-ND 4.0 (EmoNet, face-analysis/emonet): no commercial use, and no passing on of derivatives, "
    "of which this converted checkpoint is one",
    "fan": "BSD-3-Clause (face-alignment, 1adrianb/face-alignment)",
}
# Takes the file's tensors under their own names and images in [0, 1]; gives each head's outputs.
Reference = Callable[[Mapping[str, np.ndarray], np.ndarray], Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class ConversionConfig:
    """What a file does not say about itself."""

    network: str = "auto"  # auto | emonet | fan
    label_set: str = ""  # emotions.LABEL_SETS; "" = by the number of outputs
    input_px: int = 256  # height and width of the crops it was trained on
    pooling: str = "auto"  # of a fan's maps: max | mean; auto = mean with four hourglasses, as they were published
    licence: str = ""  # of the file; "" = that of the published weights


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
    found = _read(file)
    network_name = settings.network
    if network_name == "auto":
        network_name = "emonet" if emonet.is_emonet(found.tensors) else "fan"
    model, label_set, converted = _converted(network_name, found, file, settings)
    config = _config(base, model, label_set, file)
    run = options.parse(config)
    source = _source(network_name, found, converted, file, run, settings)
    if _already_there(workdir, config, source):
        return json.loads((workdir / SOURCE).read_text())
    network = build.network(run)
    variables = with_names(network.abstract, converted.arrays)
    parity = None
    if reference is not None:
        parity = _parity(network, variables, found, run.model.input_px, reference)
    _write(workdir, config, source, parity, network, variables, run)
    logging.info("%s: %d entries of %s (%s)", workdir, len(found.tensors), file, found.form)
    logging.warning("licence of the weights: %s", source["licence"])
    return source


def _read(file: pathlib.Path) -> weights.Weights:
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "no file"
        raise UsageError(f"--from={file} is {kind}; expected a checkpoint such as emonet_8.pth")
    try:
        return weights.read(file)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _converted(
    name: str, found: weights.Weights, file: pathlib.Path, settings: ConversionConfig
) -> tuple[dict[str, Any], str, Converted]:
    """The model's section, the label set and our arrays."""
    try:
        if name == "fan":
            sizes = fan.trunk_sizes(found.tensors, fan.WHAT, str(file))
            _check_pooling(settings.pooling, sizes.modules)
            if settings.label_set:
                raise UsageError(f"--label_set={settings.label_set}: a landmark trunk predicts no emotions")
            made = FANConfig(**dataclasses.asdict(sizes), input_px=settings.input_px)
            converted = convert(found.tensors, fan.trunk_table(sizes), fan.WHAT, str(file))
            return {"name": "landmarks", **dataclasses.asdict(made)}, LABEL_SETS[8], converted
        sizes = emonet.emonet_sizes(found.tensors, str(file))
        label_set = _label_set(settings.label_set, sizes.emotions, file)
        converted = convert(found.tensors, emonet.emonet_table(sizes), emonet.WHAT, str(file))
        head = {name: getattr(sizes, name) for name in ("emotions", "attention", "head_blocks")}
        made = EmoNetConfig(**dataclasses.asdict(sizes.trunk), **head, input_px=settings.input_px)
    except ValueError as error:
        raise UsageError(str(error)) from error
    model = {"name": "emonet", **dataclasses.asdict(made)}
    del model["emotions"]  # follows from the label set
    return model, label_set, converted


def _label_set(given: str, outputs: int, file: pathlib.Path) -> str:
    label_set = given or LABEL_SETS.get(outputs, "")
    if not label_set:
        fitting = [name for name, labels in emotions.LABEL_SETS.items() if len(labels) == outputs]
        raise UsageError(
            f"{file} predicts {outputs} emotions; the published networks predict 5 or 8. Give --label_set, one of "
            f"{', '.join(fitting) or 'none here has as many: ' + ', '.join(sorted(emotions.LABEL_SETS))}"
        )
    if len(emotions.names(label_set)) != outputs:
        raise UsageError(
            f"--label_set={label_set} has {len(emotions.names(label_set))} emotions "
            f"({', '.join(emotions.names(label_set))}); {file} predicts {outputs}"
        )
    return label_set


def _check_pooling(pooling: str, modules: int) -> None:
    if pooling == "mean" or (pooling == "auto" and modules == 4):
        raise UsageError(
            "face-alignment's networks of four hourglasses take the mean of 2x2 squares where this trunk, like "
            "EmoNet's, takes their maximum: the landmarks would be wrong. Convert a two-module trunk (2dfan2), or give "
            "--pooling=max to take the weights only as a start for training"
        )


def _config(base: options.Config, model: Mapping[str, Any], label_set: str, file: pathlib.Path) -> dict[str, Any]:
    task = "affect" if model["name"] == "emonet" else "landmarks"
    return {
        **options.as_dict(base),
        "label_set": label_set,
        "model": dict(model),
        "task": {"name": task, **dataclasses.asdict(TASKS[task][1]())},
        "initialise": {"rule": "converted", "workdir": file.name},
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
        "licence": settings.licence or LICENCES[name],
        "crop": {"name": "emonet", "side_ratio": run.augment.side_ratio, "crop_px": run.model.input_px},
        **(labels if run.predicts_affect else {}),
        "input": "RGB in [0, 1], no further normalisation",
        "versions": {package: version(package) for package in ("affect_jax", "jax", "flax", "numpy")},
    }


def _already_there(workdir: pathlib.Path, config: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether this very conversion stands in `workdir`; UsageError if something else does."""
    if not workdir.exists():
        return False
    if not workdir.is_dir():
        raise UsageError(f"--workdir={workdir} is a file; expected a folder, which is made")
    if not any(workdir.iterdir()):
        return False
    if not (workdir / options.CONFIG).exists():
        raise UsageError(f"--workdir={workdir} holds other files; choose a folder that is empty or not there")
    options.claim(workdir, config)
    there = json.loads((workdir / SOURCE).read_text()) if (workdir / SOURCE).is_file() else {}
    if there.get("sha256") != source["sha256"]:
        raise UsageError(f"--workdir={workdir} holds the conversion of another file; choose another folder")
    logging.info("%s: already converted from %s", workdir, source["file"])
    return True


def _parity(
    network: Network, variables: Variables, found: weights.Weights, input_px: int, reference: Reference
) -> dict[str, Any]:
    """Largest differences to the reference on pictures of noise; ValueError where one is too large."""
    images = np.random.default_rng(0).uniform(0, 1, (2, input_px, input_px, 3)).astype(np.float32)
    with jax.default_matmul_precision("float32"):
        ours = jax.device_get(jax.jit(network.predict)(variables, images))
    result: dict[str, Any] = {"tolerance": TOLERANCE, "images": "2 of uniform noise", "input_px": input_px, "heads": {}}
    for head, expected in reference(found.tensors, images).items():
        difference = float(np.abs(getattr(ours, head) - expected).max())
        largest = float(np.abs(expected).max())
        result["heads"][head] = {"largest_difference": difference, "largest_output": largest}
        if not difference <= TOLERANCE * max(1.0, largest):
            raise ValueError(
                f"{head} differs by {difference:.2e} from the reference in PyTorch (largest output {largest:.3g}, "
                f"tolerance {TOLERANCE}); nothing was written"
            )
    logging.info("parity: %s", json.dumps(result["heads"]))
    return result


def _write(
    workdir: pathlib.Path,
    config: Mapping[str, Any],
    source: Mapping[str, Any],
    parity: Mapping[str, Any] | None,
    network: Network,
    variables: Variables,
    run: options.Options,
) -> None:
    """Everything into a folder of another name, which then takes its place."""
    unfinished = workdir.absolute().with_name(f".{workdir.absolute().name}.converting-{os.getpid()}")
    try:
        options.claim(unfinished, config)
        checkpoints = Checkpoints(unfinished, run.loop.best)
        checkpoints.save(
            jax.jit(lambda v: create_state(network, optax.identity(), v))(variables), {}
        )  # no run goes on here
        checkpoints.close()
        for name, content in ((SOURCE, source), (PARITY, parity)):
            if content is not None:
                with replacing(unfinished / name) as file:
                    file.write(json.dumps(content, indent=1) + "\n")
        os.replace(unfinished, workdir)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
