"""The lasting form: weights.safetensors and config.json, which open without Orbax and in every command."""

import pathlib
import shutil
from typing import Any

from affect_jax.experiment.export.source import Source
from affect_jax.experiment.plain_folder import CONFIG, WEIGHTS, write_weights
from affect_jax.files.checksum import sha256


def write(source: Source, folder: pathlib.Path) -> dict[str, Any]:
    """Writes both files; returns what export.json says of them."""
    write_weights(folder, source.variables, source.step)
    shutil.copyfile(source.workdir / CONFIG, folder / CONFIG)
    return {WEIGHTS: {"step": source.step, "sha256": sha256(folder / WEIGHTS)}, CONFIG: {}}
