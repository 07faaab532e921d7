"""What runs in the environment of jax2onnx: writes the ONNX files of a plain folder, then runs and times them.

  python -m affect_jax.experiment.export.onnx_child FOLDER

FOLDER is a plain folder with request.json and probe.npy. The first line of standard output is the result as JSON;
then each line of standard input is the number of calls to time, and is answered by a line of seconds. Nothing here may
import Orbax, of which jax2onnx needs an older version.
"""

import json
import logging
import os
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from jax import export
from jaxtyping import Float

from affect_jax.experiment.export.program import make_program
from affect_jax.experiment.plain_folder import read_network
from affect_jax.infer.export.flat import flat
from affect_jax.infer.export.program import BATCH, IMAGES, Program

ANY_BATCH, ONE_FACE = "network.onnx", "network_1.onnx"
REQUEST, PROBE = "request.json", "probe.npy"
OPSET = 21  # read by onnxruntime since 1.20 of 2024
PACKAGES = ("jax2onnx", "onnx", "onnxruntime")


def main(folder: pathlib.Path, requests: Iterator[str], answers: Any) -> None:
    """Converts, compares and times, as the docstring of this file says."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    network, variables = read_network(folder)
    module = network.module(variables)
    program = make_program(module, module.config.contract, request["quantities"], request["frames"])
    images = np.load(folder / PROBE)
    convert(program, 1, folder / ONE_FACE)
    convert(program, export.symbolic_shape(BATCH)[0], folder / ANY_BATCH)
    _save(run(program, folder / ANY_BATCH, images), folder / ANY_BATCH)
    _save(run(program, folder / ONE_FACE, images[:, :1]), folder / ONE_FACE)
    _answer(answers, {"opset": OPSET, **{name: version(name) for name in PACKAGES}})
    call = _call(program, folder / timed_file(request["timed_batch"]), request["timed_batch"])
    for line in requests:
        _answer(answers, time_calls(call, int(line)))


def timed_file(batch: int) -> str:
    """The file that is the faster one for a number of faces."""
    return ONE_FACE if batch == 1 else ANY_BATCH


def convert(program: Program, batch: Any, path: pathlib.Path) -> None:
    """Writes a program as ONNX, for a number of faces that may be symbolic."""
    import jax2onnx  # only in the environment of its own

    inputs = [port.sized(batch) for port in program.inputs]
    # Traced before jax2onnx replaces methods of Flax's layers by its own, which do not take all of their arguments.
    function = flat(program.function, inputs)
    _allow_symbolic_sizes()
    jax2onnx.to_onnx(
        function,
        inputs,
        model_name="affect_jax",
        opset=OPSET,
        return_mode="file",
        output_path=str(path),
        input_names=[port.name for port in program.inputs],
        output_names=[port.name for port in program.outputs],
        export_mode="web",  # the weights are inside the file
    )


def run(
    program: Program, path: pathlib.Path, images: Float[np.ndarray, "step face *frames height width 3"]
) -> dict[str, np.ndarray]:
    """The reported values [step, face, ...] of successive calls, each with the state that the last one returned."""
    session, names = _session(path), [port.name for port in program.outputs]
    states = [port.name for port in program.inputs[1:]]
    count = len(names) - len(states)
    state, found = program.initial_state(images.shape[1]), []
    for step in images:
        results = session.run(names, {IMAGES: step, **dict(zip(states, state, strict=True))})
        state = results[count:]
        found.append(results[:count])
    return {name: np.stack(values) for name, values in zip(names, zip(*found, strict=True), strict=False)}


def time_calls(call: Any, count: int) -> dict[str, float]:
    """Wall and processor seconds of so many calls."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        call()
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def _call(program: Program, path: pathlib.Path, batch: int) -> Any:
    session, generator = _session(path), np.random.default_rng(0)
    images = generator.uniform(size=program.inputs[0].sized(batch).shape).astype(np.float32)
    states = dict(zip([port.name for port in program.inputs[1:]], program.initial_state(batch), strict=True))
    return lambda: session.run(None, {IMAGES: images, **states})


def _session(path: pathlib.Path) -> Any:
    import onnxruntime  # only in the environment of its own

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def _save(values: Mapping[str, np.ndarray], path: pathlib.Path) -> None:
    np.savez(path.with_suffix(".npz"), **values)


def _answer(answers: Any, content: Mapping[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


def _allow_symbolic_sizes() -> None:
    """Lets shapes of onnx_ir have the symbolic sizes of JAX, which parts of jax2onnx 0.17 hand on as they are.

    They are notes beside the values: what is computed does not depend on them.
    """
    import onnx_ir
    from onnx_ir import _core

    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # it warns of each note that it leaves out
    as_given = _core._maybe_convert_to_symbolic_dim
    as_text = lambda size: onnx_ir.SymbolicDim(str(size)) if export.is_symbolic_dim(size) else as_given(size)
    _core._maybe_convert_to_symbolic_dim = as_text


if __name__ == "__main__":
    # Whatever a library prints goes to standard error.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jax.config.update("jax_platforms", "cpu")
    main(pathlib.Path(sys.argv[1]), iter(sys.stdin.readline, ""), lines)
