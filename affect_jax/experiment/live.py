"""Live prediction: a camera, or a recording at its own pace."""

import contextlib
import dataclasses
import pathlib
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from types import FrameType

from absl import logging

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.persons import NOBODY, Chosen, read_persons, require_fitting
from affect_jax.experiment.predict import Finding
from affect_jax.experiment.predictor import predictor
from affect_jax.files.disk import require_writable
from affect_jax.predict.cast import Cast
from affect_jax.predict.estimate import make_schema
from affect_jax.predict.frame_rate import FrameRate
from affect_jax.predict.ids import Ids
from affect_jax.predict.live.analyzer import Analyzer, require_immediate
from affect_jax.predict.live.camera import Camera, is_camera
from affect_jax.predict.live.latency import Latencies
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Captured, SteadyTime, pace
from affect_jax.predict.live.page import Page
from affect_jax.predict.live.recording import Recording
from affect_jax.predict.live.session import Facts, Outputs, run
from affect_jax.predict.live.status import Status
from affect_jax.predict.predictor import Predictor
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.predict.sources import Video

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclasses.dataclass(frozen=True)
class LiveOptions:
    """What a session does besides predicting."""

    output: pathlib.Path | None = None  # folder for the table and the video
    video: bool = False  # whether to record what the camera saw
    page: bool = False  # whether to show the session in a browser


def live_run(
    workdir: pathlib.Path,
    source: pathlib.Path,
    options: LiveOptions,
    *,
    finding: Finding,
    flip: Sequence[str] = (),
    precision: str = "float32",
    persons: Chosen = NOBODY,
) -> None:
    """Predicts what a camera sees, or a video at its own pace, until it ends or a signal comes, which ends it well."""
    _check(source, options)
    make_tracks = finding.make_tracks()
    network = predictor(workdir, flip, precision, persons.folder is not None)
    try:
        require_immediate(network)
    except ValueError as error:
        raise UsageError(f"{workdir}: {error}") from error
    people = read_persons(persons, network.featured, Ids())
    require_fitting(people, source)
    cast = Cast(people, {source.name: source.stem})
    stop = threading.Event()
    clock = SteadyTime(stop)
    with _frames(source, clock) as (frames, rate), _signals_stop(stop):
        network = _at_rate(network, rate, source)
        newest, latencies = Newest(stop), Latencies(clock)
        tracks = None if make_tracks is None else make_tracks(1 / rate)
        analyze = Analyzer(network, tracks, 1 / rate, latencies, cast)
        status = Status(newest, latencies, clock, network.label_set)
        with _outputs(source, options, network, tracks is None, newest, latencies) as outputs, newest.follow(frames):
            try:
                run(newest, analyze, outputs, status, latencies, clock)
            finally:
                for line in status.summary():
                    logging.info("%s", line)
                for problem in cast.problems():
                    logging.warning("%s", problem)


def _at_rate(network: Predictor, rate: float, source: pathlib.Path) -> Predictor:
    """The network with the stride that brings the rate closest to that of its training."""
    choice = FrameRate.choose(network, Fraction(rate))
    if warning := choice.warning(network):
        logging.warning("%s: %s", source.name, warning)
    return choice.apply(network)


def _check(source: pathlib.Path, options: LiveOptions) -> None:
    if not source.exists():
        raise UsageError(f"--input={source} does not exist; give a camera such as /dev/video0, or a video")
    if options.video and options.output is None:
        raise UsageError("--video records into the folder of --output, which is missing")
    if options.output is None:
        return
    require_writable(options.output)
    for path in _paths(source, options):
        if path.exists():  # the recording of another session is not replaced
            raise UsageError(f"{path} exists; choose another --output, or move it away")


def _paths(source: pathlib.Path, options: LiveOptions) -> list[pathlib.Path]:
    """The table, and the video if asked for."""
    endings = [".csv", ".mp4"] if options.video else [".csv"]
    return [options.output / f"{source.stem}{ending}" for ending in endings]


@contextlib.contextmanager
def _frames(source: pathlib.Path, clock: SteadyTime) -> Iterator[tuple[Iterable[Captured], float]]:
    """The frames of a source and their usual number per second."""
    if is_camera(source):
        with contextlib.closing(Camera(str(source), clock)) as camera:
            yield camera, camera.rate
    else:
        with Video(source) as video:
            yield pace(video, clock), float(video.rate)


@contextlib.contextmanager
def _outputs(
    source: pathlib.Path,
    options: LiveOptions,
    network: Predictor,
    whole_frame: bool,
    newest: Newest,
    latencies: Latencies,
) -> Iterator[Outputs]:
    """Opens the outputs; closes them, and says what was written."""
    outputs = Outputs()
    if options.output is not None:
        table, *video = _paths(source, options)
        outputs.facts = Facts(newest, latencies)
        outputs.table = PlainTable(table, make_schema(network, whole_frame), outputs.facts)
        outputs.recording = Recording(video[0]) if video else None
    if options.page:
        outputs.page, outputs.painter = Page(), Painter(network.label_set)
        logging.info("watch it in a browser: %s", outputs.page.address)
    logging.info("Ctrl-C ends the session")
    try:
        yield outputs
    finally:
        if outputs.page is not None:
            outputs.page.close()
        files = outputs.recording.close() if outputs.recording is not None else []
        for path in [*(outputs.table.files if outputs.table is not None else []), *files]:
            logging.info("wrote %s", path)


@contextlib.contextmanager
def _signals_stop(stop: threading.Event) -> Iterator[None]:
    """A signal ends the session after the current frame; a second one ends the process at once."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in STOP_SIGNALS:
        signal.signal(number, end)
    try:
        yield
    finally:
        restore()
