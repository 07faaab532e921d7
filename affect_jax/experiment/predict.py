"""A trained workdir as a plain function from images to predictions."""

import contextlib
import os
import pathlib
import signal
import threading
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging

from affect_jax.experiment import flip_averaging, restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options as RunOptions
from affect_jax.files.disk import require_writable
from affect_jax.files.problems import raise_problems
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.infer.streaming import follower
from affect_jax.nn.network import Network, Variables
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.files import predict_file
from affect_jax.predict.journal import identify
from affect_jax.predict.options import Options
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.result import Stopped
from affect_jax.train.signals import Signals
from affect_jax.types import Predictions

BATCH = 16  # images per call


def predictor(workdir: pathlib.Path, flip: Sequence[str] = (), precision: str = "float32") -> Predictor:
    """The network of a workdir, with its crop and label names; `flip` as in `evaluate_run`."""
    return make_predictor(workdir, *restore.restore_run(workdir), flip, precision)


def make_predictor(
    workdir: pathlib.Path,
    run: RunOptions,
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


def choose_tracks(faces: str, face_model: str) -> MakeTracks | None:
    """What finds the faces, from a command's flags; None if each frame is a face crop. UsageError without the extra."""
    if faces != "landmarker":
        if face_model:
            raise UsageError(f"--face_model={face_model} has no effect with --faces={faces}; give only one of them")
        return None
    try:
        return make_landmarker(face_model or None)
    except ImportError as error:
        raise UsageError(f"{error}; without it, only --faces=whole_frame is available") from error


def make_landmarker(face_model: str | os.PathLike | None) -> MakeTracks:
    """What finds the faces; ImportError with the line that installs it without the extra `face`."""
    from affect_jax.faces.interpreter import require_interpreter  # an optional dependency
    from affect_jax.faces.tracks import FaceTracks

    require_interpreter()
    return lambda step_seconds: FaceTracks(face_model, step_seconds=step_seconds)


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
) -> bool:
    """Writes the tables and plots of a video, an image or a folder; ValueError names the files that failed.

    Returns False if a signal stopped it; the same command then goes on behind the rows that are saved.
    """
    if not source.exists():
        raise UsageError(f"--input={source} does not exist")
    require_writable(output)
    make_tracks = choose_tracks(faces, face_model)
    network = predictor(workdir, flip, precision)
    origin = {"network": _identify(workdir, network.name), "flip_average": sorted(flip), "precision": precision}
    origin |= {"faces": faces, "face_model": face_model}
    with _signals() as signals:
        try:
            result = predict_file(network, source, output, make_tracks, Options(overlay, origin, signals.stopping))
        except Stopped as stopped:
            logging.warning("%s; run the same command to continue", stopped)
            return False
    logging.info("%d frames, %d with a face, %d rows", result.frames, result.frames_with_face, result.rows)
    for path in result.files:
        logging.info("wrote %s", path)
    raise_problems(result.problems)
    return True


def _identify(workdir: pathlib.Path, name: str) -> str:
    """A digest of what the weights of a workdir depend on: its place, step, config, and when it was written."""
    step = name.rpartition("@")[2]
    files = [workdir / "config.json", *sorted((workdir / "checkpoints" / step).rglob("*"))]
    return f"{name} {identify([file.resolve() for file in files])}"


@contextlib.contextmanager
def _signals() -> Iterator[Signals]:
    """Records SIGTERM, SIGINT and SIGHUP, so that the frame is finished and files are closed."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        signals.received = None
        yield signals
        return
    with signals:
        before = signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
        try:
            yield signals
        finally:
            signal.signal(signal.SIGHUP, before)
