"""Says what a run is going to do, before anything slow starts."""

import pathlib
from collections.abc import Iterable

import jax
from absl import logging

from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.options import Options


def announce(options: Options, workdir: pathlib.Path) -> None:
    """Logs network, data sets, length and start of a run, and then the devices, which take a moment to find."""
    unit = "clips" if options.data.frames else "images" if options.contract.takes == "images" else "faces"
    length = f"{options.train.steps} steps of {options.batch_size} {unit}"
    if options.data.frames:
        length += f" of {options.data.frames} frames"
    logging.info(
        "%s: trains network '%s' (%s) on %s for %s; evaluated every %d steps on %s",
        workdir,
        options.model_name,
        options.contract.input_size,
        _listing(options.data.train.values()),
        length,
        options.train.evaluate_every,
        _listing(options.evaluations.values()),
    )
    start = options.initialize
    origin = f"weights: {start.rule} from {start.workdir}" if start.workdir else "weights: random"
    devices = jax.devices()
    logging.info("%s; devices: %d x %s", origin, len(devices), devices[0].device_kind)


def _listing(parts: Iterable[SourceConfig]) -> str:
    return ", ".join(f"{part.reader} ({part.options.split or 'all'})" for part in parts) or "no data set"
