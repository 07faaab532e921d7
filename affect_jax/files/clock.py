"""The one rule for times in a recording: seconds since its first frame, which never run backwards."""

from fractions import Fraction


class SteadyClock:
    """Turns the time stamps of a stream into ticks since its first frame.

    Where the stamps run backwards (the clock started again, or recordings were joined), time goes on by one frame. A
    frame without a stamp comes one frame after the last. Steps forward are kept, however long.
    """

    def __init__(self, step_ticks: int, zero: int | None = None):
        """`step_ticks` is the usual step between frames; `zero` the stamp of the first frame, if already known."""
        self.zero = zero
        self._step = max(step_ticks, 1)
        self._shift = 0  # from stamps to ticks since `zero`, without it
        self._last: int | None = None  # stamp of the last frame

    def read(self, stamp: int | None) -> tuple[int, bool]:
        """Returns the ticks of the next frame, and whether the stamps ran backwards to it."""
        if stamp is None:
            stamp = 0 if self._last is None else self._last + self._step
        if self.zero is None:
            self.zero = stamp
        backwards = self._last is not None and stamp < self._last
        if backwards:
            self._shift += self._last + self._step - stamp
        self._last = stamp
        return stamp + self._shift - self.zero, backwards


def ticks_per_frame(rate: Fraction | None, time_base: Fraction) -> int:
    """The step between frames of a stream in units of its time base; at least 1."""
    return max(round(1 / (rate or 25) / time_base), 1)
