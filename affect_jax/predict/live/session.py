"""One session: takes frames as they come, predicts them, shows and records them."""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from affect_jax.predict.live.latency import TOTAL, Latencies
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Clock
from affect_jax.predict.live.page import Page
from affect_jax.predict.live.recording import Recording
from affect_jax.predict.live.status import Status
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sinks.plain_table import PlainTable
from affect_jax.predict.sources import Frame


class Facts:
    """Facts about a session for the schema beside its table."""

    def __init__(self, newest: Newest, latencies: Latencies):
        self._newest, self._latencies = newest, latencies
        self._started = ""

    def begin(self, frame: Frame) -> None:
        """Takes the first frame."""
        if not self._started:
            first = datetime.datetime.now().astimezone() - datetime.timedelta(seconds=frame.time_seconds)
            self._started = first.isoformat(timespec="milliseconds")

    def __call__(self) -> dict[str, Any]:
        """Returns the facts."""
        return {
            "started": self._started,  # date and time of time_seconds 0, by the clock of the machine
            "frames_captured": self._newest.captured,
            "frames_dropped": self._newest.dropped,
            "latency_milliseconds": {
                name: {"median": round(median, 2), "quantile_95": round(high, 2)}
                for name, (median, high) in self._latencies.all().items()
            },
        }


@dataclasses.dataclass
class Outputs:
    """Where the rows of a session go besides the terminal."""

    table: PlainTable | None = None
    facts: Facts | None = None  # beside the table
    recording: Recording | None = None
    page: Page | None = None
    painter: Painter | None = None  # for the page


def run(
    newest: Newest,
    analyze: Callable[[Frame], list[Row]],
    outputs: Outputs,
    status: Status,
    latencies: Latencies,
    clock: Clock,
) -> None:
    """Predicts frames until there are no more; an error of the source is raised once everything is written."""
    with contextlib.ExitStack() as stack:
        if outputs.table is not None:
            stack.enter_context(outputs.table)
        stack.callback(status.close)
        for captured in newest:
            latencies.add("wait", clock.now() - captured.seconds)
            rows = analyze(captured.frame)
            _write(captured.frame, rows, outputs, latencies)
            latencies.add(TOTAL, clock.now() - captured.seconds)
            latencies.finish()
            lines = status.add(rows)
            if lines and outputs.page is not None:
                outputs.page.write(lines)
    if newest.error is not None:
        raise newest.error


def _write(frame: Frame, rows: list[Row], outputs: Outputs, latencies: Latencies) -> None:
    with latencies.part("write"):
        if outputs.table is not None:
            outputs.facts.begin(frame)
            outputs.table.write(frame, rows)
        if outputs.recording is not None:
            outputs.recording.write(frame.image, frame.time_seconds)
    if outputs.page is not None and outputs.page.is_watched:
        with latencies.part("page"):
            outputs.page.show(outputs.painter(frame.image, rows))
