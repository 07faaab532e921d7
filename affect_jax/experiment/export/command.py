"""Exports a trained network in one or several formats, with export.json, which describes them."""

import datetime
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.export import onnx, plain, portable, web
from affect_jax.experiment.export.sidecar import FILES, SIDECAR, describe, earlier_files
from affect_jax.experiment.export.source import Source
from affect_jax.experiment.plain_folder import CONFIG
from affect_jax.files.atomic import open_atomically
from affect_jax.files.disk import require_writable

Write = Callable[[Source, pathlib.Path], dict[str, Any]]  # files to a folder -> what export.json says of each
FORMATS: Mapping[str, Write] = {  # in the order in which they are written
    "safetensors": plain.write,
    "stablehlo": portable.write,
    "onnx": onnx.write,
    "web": web.write,
}


def export_run(workdir: pathlib.Path, output: pathlib.Path, formats: Sequence[str]) -> None:
    """Writes the formats and export.json to `output`; if one of them fails, nothing is written.

    UsageError for a folder that holds something else, and for a network that a format cannot hold.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise UsageError(f"--format={unknown[0]}; choose from {', '.join(FORMATS)}")
    if not formats:
        raise UsageError(f"--format is empty; choose from {', '.join(FORMATS)}")
    require_writable(output)
    source = Source.restore(workdir)
    _require_possible(source, output, formats)
    content = describe(source, datetime.date.today())
    files = earlier_files(output, content)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".unfinished-") as temporary:
        folder = pathlib.Path(temporary)
        for name in (name for name in FORMATS if name in formats):
            files |= FORMATS[name](source, folder)
        for path in sorted(folder.iterdir()):
            os.replace(path, output / path.name)
            logging.info("wrote %s (%.2f MB)", output / path.name, (output / path.name).stat().st_size / 1e6)
    with open_atomically(output / SIDECAR) as file:
        file.write(json.dumps({**content, FILES: files}, indent=1) + "\n")
    logging.info("wrote %s", output / SIDECAR)


def _require_possible(source: Source, output: pathlib.Path, formats: Sequence[str]) -> None:
    if (output / CONFIG).is_file() and not (output / SIDECAR).is_file():
        raise UsageError(f"--output={output} is a workdir; choose a new or an empty folder")
    if "web" in formats:
        web.require_possible(source)
    takes, programs = source.run.contract.takes, [name for name in formats if name != "safetensors"]
    if takes != "images" and programs:
        raise UsageError(
            f"{source.workdir} holds a network of {takes}; --format={programs[0]} is for networks of images. "
            "--format=safetensors exports its weights"
        )
