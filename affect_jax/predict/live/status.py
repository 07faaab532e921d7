"""The numbers of a session: on the terminal while it runs, in words at its end."""

import collections
import io
import shutil
import sys
from collections.abc import Sequence

from absl import logging

from affect_jax.predict.live.latency import RECENT_FRAMES, Latencies, describe
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Clock
from affect_jax.predict.sighting import Row
from affect_jax.quantities.registry import in_order

SHOW_SECONDS = 0.5  # between two updates of a terminal
LOG_SECONDS = 10.0  # between two lines of a log
UP, CLEAR = "\x1b[1A", "\r\x1b[K"


class Status:
    """Counts frames and writes two lines: rate, dropped frames and predictions, and the latency of each part."""

    def __init__(
        self,
        newest: Newest,
        latencies: Latencies,
        clock: Clock,
        label_set: str,
        stream: io.TextIOBase | None = None,
    ):
        """`stream`: where the lines go; by default standard error."""
        self.frames = 0
        self.frames_with_face = 0
        self._newest, self._latencies, self._clock = newest, latencies, clock
        self._label_set = label_set
        self._stream = stream or sys.stderr
        self._ends: collections.deque[float] = collections.deque(maxlen=RECENT_FRAMES)
        self._start: float | None = None
        self._next = self._next_log = 0.0
        self._shown = False

    def add(self, rows: Sequence[Row]) -> str | None:
        """Takes the rows of a frame; returns the two lines if they were updated."""
        now = self._clock.now()
        if self._start is None:
            self._start, self._next = now, now + SHOW_SECONDS
        self.frames += 1
        self.frames_with_face += any(row.values is not None for row in rows)
        self._ends.append(now)
        if now < self._next:
            return None
        self._next = now + SHOW_SECONDS
        lines = self._lines(rows, now)
        if self._stream.isatty():
            width = shutil.get_terminal_size().columns - 1
            again = UP + CLEAR if self._shown else CLEAR
            self._stream.write(again + f"\n{CLEAR}".join(line[:width] for line in lines))
            self._stream.flush()
            self._shown = True
        elif now >= self._next_log:
            self._next_log = now + LOG_SECONDS
            logging.info("%s; %s", *lines)
        return "\n".join(lines)

    def close(self) -> None:
        """Leaves the lines on the terminal."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()

    @property
    def seconds(self) -> float:
        """From the end of the first frame to that of the last."""
        return self._ends[-1] - self._start if self._ends else 0.0

    def _lines(self, rows: Sequence[Row], now: float) -> list[str]:
        recent = self._ends[-1] - self._ends[0]
        rate = (len(self._ends) - 1) / recent if recent > 0 else 0.0
        return [
            f"{now - self._start:.0f} s  {rate:.1f} frames/s  {self._dropped()}  {self._predictions(rows)}",
            f"median/95 %: {describe(self._latencies.recent())}",
        ]

    def _dropped(self) -> str:
        share = self._newest.dropped / max(self._newest.captured, 1)
        return f"{self._newest.dropped} dropped ({share:.1%})"

    def _predictions(self, rows: Sequence[Row]) -> str:
        words = [describe_face(row, self._label_set) for row in rows if row.values is not None]
        return "  ".join(words) or "no face"

    def summary(self) -> list[str]:
        """The whole session in sentences."""
        if not self.frames:
            return ["no frame was predicted"]
        rate = f" ({(self.frames - 1) / self.seconds:.1f} frames/s)" if self.seconds > 0 else ""
        return [
            f"{self.frames} frames in {self.seconds:.1f} s{rate}, {self.frames_with_face} with a face; "
            f"{self._dropped()} of {self._newest.captured} that arrived",
            f"latency, median/95 %: {describe(self._latencies.all())}",
        ]


def describe_face(row: Row, label_set: str) -> str:
    """The number of a face, its charted values and its most likely emotion, on one line."""
    words = []
    for each in in_order(row.values):
        names, value = each.component_names(label_set), row.values[each.name]
        if each.charted:
            words += [f"{name} {each.text(number)}" for name, number in zip(names, value.tolist(), strict=True)]
        elif each.exclusive:
            words.append(names[int(value.argmax())])
    return f"face {row.face}: {' '.join(words)}"
