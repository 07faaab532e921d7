"""Predicts a video, an image or a folder with a trained workdir: how faces are found, signals, what was written."""

import contextlib
import dataclasses
import pathlib
import signal
import threading
from collections.abc import Iterator, Sequence

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.persons import NOBODY, Chosen, read_persons, require_fitting
from affect_jax.experiment.predictor import predictor
from affect_jax.files.disk import require_writable
from affect_jax.files.problems import raise_problems
from affect_jax.files.video import STANDARD_INPUT
from affect_jax.predict.crops import MakeTracks
from affect_jax.predict.files import predict_file
from affect_jax.predict.ids import Ids
from affect_jax.predict.journal import identify
from affect_jax.predict.options import Options
from affect_jax.predict.result import Stopped
from affect_jax.tables.export import Export, ExportError
from affect_jax.tables.groups import require_groups
from affect_jax.train.signals import Signals


@dataclasses.dataclass(frozen=True)
class Finding:
    """How faces are found, and what is written of them."""

    faces: str = "landmarker"  # or "whole_frame": each frame is a face crop
    face_model: str = ""  # the user's own face_landmarker.task; "" for the cached or downloaded one
    include: tuple[str, ...] = ()  # optional groups of columns

    def __post_init__(self):
        whole = self.faces == "whole_frame"
        if whole and self.face_model:
            raise UsageError(
                f"--face_model={self.face_model} has no effect with --faces=whole_frame; give only one of them"
            )
        if whole and self.include:
            raise UsageError(f"--include={','.join(self.include)} needs found faces; drop --faces=whole_frame")
        try:
            require_groups(self.include)
        except ValueError as error:
            raise UsageError(f"--include: {error}") from error

    def make_tracks(self) -> MakeTracks | None:
        """Makes what finds the faces; UsageError without the extra `face`."""
        if self.faces == "whole_frame":
            return None
        from affect_jax.faces.interpreter import require_interpreter  # an optional dependency
        from affect_jax.faces.tracks import FaceTracks

        try:
            require_interpreter()
        except ImportError as error:
            raise UsageError(f"{error}; without it, only --faces=whole_frame is available") from error
        blendshapes = "blendshapes" in self.include
        return lambda step: FaceTracks(self.face_model or None, step_seconds=step, blendshapes=blendshapes)


def predict_run(
    workdir: pathlib.Path,
    source: pathlib.Path,
    output: pathlib.Path,
    *,
    finding: Finding,
    overlay: bool = False,
    export: Export | None = None,
    ids: Ids | None = None,
    flip: Sequence[str] = (),
    precision: str = "float32",
    persons: Chosen = NOBODY,
) -> bool:
    """Writes the tables and plots of a video, an image or a folder; ValueError names the files that failed.

    `source` may be "-", standard input. Returns False if a signal stopped it; the same command then goes on behind the
    rows that are saved.
    """
    if source != STANDARD_INPUT and not source.exists():
        raise UsageError(f"--input={source} does not exist")
    require_writable(output)
    make_tracks, ids = finding.make_tracks(), ids or Ids()
    network = predictor(workdir, flip, precision, persons.folder is not None)
    people = read_persons(persons, network.featured, ids)
    require_fitting(people, source)
    origin = {"network": _identify(workdir, network.name), "flip_average": sorted(flip), "precision": precision}
    origin |= {"faces": finding.faces, "face_model": finding.face_model}
    with _signals() as signals:
        options = Options(overlay, finding.include, export or Export(), ids, people, origin, signals.stopping)
        try:
            result = predict_file(network, source, output, make_tracks, options)
        except ExportError as error:
            raise UsageError(str(error)) from error
        except Stopped as stopped:
            logging.warning("%s; run the same command to continue", stopped)
            return False
    plural = "s" * (result.frames != 1)
    logging.info("%d frame%s, %d with a face; rows: %d", result.frames, plural, result.frames_with_face, result.rows)
    for path in result.files:
        logging.info("wrote %s", path)
    raise_problems(result.problems)
    return True


def _identify(workdir: pathlib.Path, name: str) -> str:
    """A digest of what the weights of a workdir depend on: its place, step, config, and when it was written."""
    step = name.rpartition("@")[2]
    weights = [*sorted((workdir / "checkpoints" / step).rglob("*")), *sorted(workdir.glob("*.safetensors"))]
    files = [workdir / "config.json", *weights]
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
