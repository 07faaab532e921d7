"""One session: takes frames as they come, predicts them, shows and records them."""

import contextlib
import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from affect_jax.predict.account import Account
from affect_jax.predict.live.latency import TOTAL, Latencies
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Clock
from affect_jax.predict.live.page import Page
from affect_jax.predict.live.recording import Recording
from affect_jax.predict.live.status import Status
from affect_jax.predict.sighting import Row
from affect_jax.predict.sinks.painter import Painter
from affect_jax.predict.sinks.table import Table
from affect_jax.predict.sources import Frame


@dataclasses.dataclass
class Outputs:
    """Where the rows of a session go besides the terminal."""

    table: Table | None = None
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
        for row in rows if outputs.table is not None else ():
            outputs.table.write(frame, row)
        if outputs.recording is not None:
            outputs.recording.write(frame.image, frame.time_seconds)
    if outputs.page is not None and outputs.page.is_watched:
        with latencies.part("page"):
            outputs.page.show(outputs.painter(frame.image, rows[0]))


class LiveAccount(Account):
    """Facts about a session for the schema beside its table."""

    def __init__(self, newest: Newest, latencies: Latencies):
        super().__init__("")
        self._started = ""
        self._newest, self._latencies = newest, latencies

    def add(self, frame: Frame, row: Row) -> None:
        """Takes one row."""
        if not self._started:
            first = datetime.datetime.now().astimezone() - datetime.timedelta(seconds=frame.time_seconds)
            self._started = first.isoformat(timespec="milliseconds")

    def facts(self) -> dict[str, Any]:
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
