"""The one place that records the signals by which a run is asked to save and leave."""

import signal
from collections.abc import Iterable
from typing import TypeVar

Batch = TypeVar("Batch")


class Signals:
    """Records SIGTERM and SIGINT so that the current step can be finished and saved; a second signal stops at once."""

    def __enter__(self):
        self.received: int | None = None
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def stopping(self) -> bool:
        """Whether a signal has asked the run to leave."""
        return self.received is not None

    def _note(self, number, _frame):
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def look(self) -> None:
        """Called once after each step; see `agreement.SharedSignals`."""

    def watch(self, batches: Iterable[Batch]) -> Iterable[Batch]:
        """The batches of an evaluation, which `beside.run` ends on a signal; see `agreement.SharedSignals`."""
        return batches

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
