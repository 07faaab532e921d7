"""The StableHLO file of a network, compared with the network."""

import datetime
import pathlib
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from absl import logging
from jax import export

from affect_jax.experiment.export import parity
from affect_jax.experiment.export.source import Source
from affect_jax.files.checksum import sha256
from affect_jax.infer.export.expiry import expiry
from affect_jax.infer.export.stablehlo import FILE, PLATFORMS, serialize


def write(source: Source, folder: pathlib.Path) -> dict[str, Any]:
    """Writes the file; returns what export.json says of it. ValueError if it predicts otherwise than the network."""
    data = serialize(source.program)
    images = parity.probe(source)
    largest = parity.require_equal(FILE, parity.expected(source, images), _run(source, data, images))
    (folder / FILE).write_bytes(data)
    expires, counted_from = expiry(version("jaxlib"), datetime.date.today())
    logging.info("%s expires on %s, six months after %s; safetensors do not expire", FILE, expires, counted_from)
    entry = {
        "jax": version("jax"),
        "jaxlib": version("jaxlib"),
        "platforms": list(PLATFORMS),
        "expires": str(expires),
        "counted_from": counted_from,
        "sha256": sha256(folder / FILE),
        "parity": largest,
    }
    return {FILE: entry}


def _run(source: Source, data: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    """The reported values of successive calls of the file."""
    call = jax.jit(export.deserialize(bytearray(data)).call)
    program, found = source.program, []
    state = program.initial_state(images.shape[1])
    names = [port.name for port in program.outputs[: len(program.outputs) - len(state)]]
    for step in images:
        results = call(step, *state)
        state = results[len(names) :]
        found.append([np.asarray(value) for value in results[: len(names)]])
    return {name: np.stack(values) for name, values in zip(names, zip(*found, strict=True), strict=True)}
