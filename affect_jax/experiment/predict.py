"""A trained workdir as a plain function from images to predictions."""

import contextlib
import pathlib
import signal
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from affect_jax.experiment import flip_averaging, restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.files.disk import require_writable
from affect_jax.files.problems import raise_problems
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import follower
from affect_jax.nn.network import Network, Variables
from affect_jax.predict.crops import Finder
from affect_jax.predict.files import predict_file
from affect_jax.predict.predictor import Predictor
from affect_jax.types import Predictions

BATCH = 16  # images per call
STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def predictor(workdir: pathlib.Path, flip: Sequence[str] = (), precision: str = "float32") -> Predictor:
    """The network of a workdir, with its crop and label names; `flip` as in `evaluate_run`."""
    return make_predictor(workdir, *restore.restore_run(workdir), flip, precision)


def make_predictor(
    workdir: pathlib.Path,
    run: Options,
    network: Network,
    variables: Variables,
    step: int,
    flip: Sequence[str],
    precision: str,
) -> Predictor:
    """The predictor of a restored run; UsageError if it does not predict affect from images."""
    if not run.predicts_affect:
        raise UsageError(
            f"{workdir} holds a landmark network, which does not predict affect; train a static network from it first"
        )
    if run.contract.takes != "images":
        raise UsageError(f"{workdir} holds a network of {run.contract.takes}; files and videos provide images only")
    ready = CompiledNetwork(network, precision)

    def function(images: np.ndarray) -> Predictions:
        return jax.device_get(ready(variables, jnp.asarray(images)))

    return Predictor(
        function=function,
        crop_px=run.contract.input_px,
        batch=BATCH,
        frames=run.data.frames or None,
        quantities=run.task.quantities,
        label_set=run.label_set,
        crop=run.crop,
        flip_averaged=flip_averaging.checked(workdir, run.contract, run.task.quantities, flip),
        name=f"{workdir.name}@{step}",
        follower=follower(network.module(variables), run.contract.input_px, precision) if run.contract.causal else None,
        every=run.data.windows.every,
    )


def make_finder(faces: str, face_model: str) -> Finder | None:
    """The finder of a command's flags; None if each image is a face crop. UsageError if it is not installed."""
    if faces != "landmarker":
        if face_model:
            raise UsageError(f"--face_model={face_model} has no effect with --faces={faces}; give only one of them")
        return None
    from affect_jax.faces.finder import FaceFinder  # its interpreter is an optional dependency

    try:
        return FaceFinder(face_model or None)
    except ImportError as error:
        raise UsageError(f"{error}; without it, only --faces=whole_frame is available") from error


def predict_run(
    workdir: pathlib.Path,
    source: pathlib.Path,
    output: pathlib.Path,
    *,
    faces: str,
    face_model: str,
    overlay: bool,
    flip: Sequence[str] = (),
    precision: str = "float32",
) -> None:
    """Writes the table, plot and overlay for a video, an image or a folder; ValueError names the files that failed.

    A signal stops it like Ctrl-C: the log names the part file with the rows so far, which the next run replaces.
    """
    if not source.exists():
        raise UsageError(f"--input={source} does not exist")
    require_writable(output)
    finder = make_finder(faces, face_model)
    network = predictor(workdir, flip, precision)
    with _signals_interrupt():
        result = predict_file(network, source, output, finder, overlay)
    logging.info("%d frames, %d with a face", result.frames, result.frames_with_face)
    for path in result.files:
        logging.info("wrote %s", path)
    raise_problems(result.problems)


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Makes the signals that would kill the process interrupt it instead, so that files are closed or removed."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
