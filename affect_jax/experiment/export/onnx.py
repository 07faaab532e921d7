"""ONNX files of a network, written by jax2onnx in an environment of its own, and compared with the network."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

import affect_jax
from affect_jax.experiment.export import onnx_environment, parity, plain
from affect_jax.experiment.export.onnx_child import ANY_BATCH, ONE_FACE, PROBE, REQUEST, time_calls, timed_file
from affect_jax.experiment.export.source import Source
from affect_jax.files.checksum import sha256
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import compile_stream, make_stream

STATIC_BATCH = 16  # images per call when times are compared, as in launch.predict
ROUNDS = 7  # of which the first warms up
ROUND_SECONDS = 0.5
LOG_LINES = 5  # of the other process, when it fails


def write(source: Source, folder: pathlib.Path) -> dict[str, Any]:
    """Writes both ONNX files; returns what export.json says of them. ValueError if they predict otherwise."""
    python = onnx_environment.python()
    images = parity.probe(source)
    batch = 1 if source.run.contract.over_time else STATIC_BATCH
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary) / "network"
        work.mkdir()
        plain.write(source, work)
        request = {"quantities": source.run.task.quantities, "frames": source.run.data.frames, "timed_batch": batch}
        (work / REQUEST).write_text(json.dumps(request), encoding="utf-8")
        np.save(work / PROBE, images)
        logging.info("converting with jax2onnx, for one face and for any number; about a minute")
        with _child(python, work) as (versions, time_onnx):
            largest = _compare(source, images, work)
            speed = _interleaved(_own_call(source, batch), time_onnx, batch, _unit(source))
        for name in (ANY_BATCH, ONE_FACE):
            shutil.move(work / name, folder / name)
    entries = {}
    for name, faces in ((ANY_BATCH, "any number"), (ONE_FACE, "one")):
        entries[name] = {"faces": faces, **versions, "sha256": sha256(folder / name), "parity": largest[name]}
    entries[timed_file(batch)]["speed"] = speed
    return entries


def _compare(source: Source, images: np.ndarray, work: pathlib.Path) -> dict[str, dict[str, float]]:
    wanted = parity.expected(source, images)
    largest = {}
    for name, faces in ((ANY_BATCH, images.shape[1]), (ONE_FACE, 1)):
        with np.load((work / name).with_suffix(".npz")) as found:
            largest[name] = parity.require_equal(name, {key: value[:, :faces] for key, value in wanted.items()}, found)
    return largest


@contextlib.contextmanager
def _child(python: pathlib.Path, work: pathlib.Path) -> Iterator[tuple[dict[str, Any], Callable[[int], dict]]]:
    """The versions of the packages that converted, and a function that times so many calls of the ONNX file."""
    package = work.parent / "affect_jax"  # alone on the path: beside it lie the packages of this environment
    package.symlink_to(pathlib.Path(affect_jax.__file__).parent, target_is_directory=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "PYTHONHOME")}
    environment |= {"PYTHONPATH": str(work.parent), "JAX_PLATFORMS": "cpu", "PYTHONNOUSERSITE": "1"}
    command = [str(python), "-m", "affect_jax.experiment.export.onnx_child", str(work)]
    with (work.parent / "log").open("w+") as log:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True}
        with subprocess.Popen(command, cwd=work.parent, env=environment, **pipes) as process:
            try:
                versions = _read(process, log)

                def time_onnx(count: int) -> dict[str, float]:
                    process.stdin.write(f"{count}\n")
                    process.stdin.flush()
                    return _read(process, log)

                yield versions, time_onnx
                process.stdin.close()
                process.wait()
            finally:
                process.kill()


def _read(process: subprocess.Popen, log: IO[str]) -> dict[str, Any]:
    line = process.stdout.readline()
    if line:
        return json.loads(line)
    process.wait()
    log.seek(0)
    said = " / ".join(log.read().strip().splitlines()[-LOG_LINES:])
    raise ValueError(f"jax2onnx could not convert this network (exit code {process.returncode}): {said}")


def _own_call(source: Source, batch: int) -> Callable[[], Any]:
    """One call of the network as launch.predict makes it, for the batch that the ONNX file is timed with."""
    port = source.program.inputs[0]
    images = np.random.default_rng(0).uniform(size=port.sized(batch).shape).astype(np.float32)
    if source.run.contract.causal:
        stream = make_stream(source.network.module(source.variables), batch, source.run.contract.input_px)
        advance = compile_stream(stream)
        return lambda: jax.device_get(advance(stream.start, jnp.asarray(images))[1])
    ready = CompiledNetwork(source.network)
    return lambda: jax.device_get(ready(source.variables, jnp.asarray(images)))


def _unit(source: Source) -> str:
    contract = source.run.contract
    if contract.causal:
        return "frame"
    return "clip" if contract.over_time else "image"


def _interleaved(own: Callable[[], Any], time_onnx: Callable[[int], dict], batch: int, unit: str) -> dict[str, Any]:
    """Median milliseconds per `unit` of both, over interleaved rounds of about half a second each."""
    own()
    count = max(1, round(ROUND_SECONDS / time_calls(own, 3)["wall"] * 3))
    rounds = [(time_calls(own, count), time_onnx(count)) for _ in range(ROUNDS)][1:]
    result: dict[str, Any] = {"per": unit, "batch": batch, "calls": count * len(rounds), "cores": os.cpu_count()}
    for place, name in enumerate(("jax", "onnxruntime")):
        for clock in ("wall", "processor"):
            seconds = np.median([each[place][clock] for each in rounds]) / count / batch
            result[f"{name}_{clock}_ms"] = round(1e3 * float(seconds), 4)
    logging.info(
        "per %s: JAX %.3f ms, onnxruntime %.3f ms (processor time %.3f and %.3f)",
        unit,
        result["jax_wall_ms"],
        result["onnxruntime_wall_ms"],
        result["jax_processor_ms"],
        result["onnxruntime_processor_ms"],
    )
    return result
