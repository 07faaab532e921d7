"""The one place that records the signals by which a run is asked to save and leave."""

import signal


class Signals:
    """Records SIGTERM and SIGINT so that the current step can be finished and saved; a second signal stops at once."""

    def __enter__(self):
        self.received: int | None = None
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def _note(self, number, _frame):
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def look(self) -> None:
        """Called once after each step; see `agreement.SharedSignals`."""

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)
