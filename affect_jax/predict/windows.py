"""Runs a network on a sequence of crops: in batches, in windows, or as a stream.

A crop whose values are known, because an earlier run computed them, is handed over with them: the network runs where
values are missing, on the same batches and windows as if none were known, so that the others are the same bits.
"""

import collections

import numpy as np

from affect_jax.ops.sequence import counting_window
from affect_jax.predict.inputs import Input, adapters_of, to_float, window_to_float
from affect_jax.predict.newest_windows import NewestWindows
from affect_jax.predict.predictor import Predictor, Values


def make_runner(predictor: Predictor) -> "Batches | Windows | NewestWindows | Stream | Interleaved":
    """Makes an object that turns crops into values: `push` and `flush` return those that are ready, in order."""
    if predictor.frames is None:
        return Batches(predictor)
    if predictor.newest:
        runner = NewestWindows
    else:
        runner = Windows if predictor.follower is None else Stream
    if predictor.every == 1:
        return runner(predictor)
    return Interleaved([runner(predictor) for _ in range(predictor.every)])


class Interleaved:
    """A clip network with a frame stride of n: n runners take turns, so that each receives every n-th frame.

    Each frame gets its own values, as in evaluation (`data.clips.evaluation_windows`).
    """

    def __init__(self, runners: "list[Windows] | list[NewestWindows] | list[Stream]"):
        self._runners = runners
        self._ready: list[collections.deque] = [collections.deque() for _ in runners]
        self._pushed = 0
        self._reported = 0

    def push(self, each: Input) -> list[Values]:
        turn = self._pushed % len(self._runners)
        self._ready[turn].extend(self._runners[turn].push(each))
        self._pushed += 1
        return self._in_order()

    def flush(self) -> list[Values]:
        for runner, ready in zip(self._runners, self._ready, strict=True):
            ready.extend(runner.flush())
        values = self._in_order()
        self._pushed = 0
        self._reported = 0
        return values

    def _in_order(self) -> list[Values]:
        """The values of the next frames, up to the first frame that is not ready."""
        values = []
        while ready := self._ready[self._reported % len(self._ready)]:
            values.append(ready.popleft())
            self._reported += 1
        return values


class Stream:
    """A causal clip network that processes each frame once and carries its state from frame to frame."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._step = None

    def push(self, each: Input) -> list[Values]:
        if self._step is None:
            self._step = self._predictor.following(each.adapter)
        values = self._step(to_float([each])[0])  # known or not: its state goes on
        return [values if each.known is None else each.known]

    def flush(self) -> list[Values]:
        self._step = None
        return []


class Batches:
    """A static network: batches of a fixed size, the last one padded."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._inputs: list[Input] = []

    def push(self, each: Input) -> list[Values]:
        self._inputs.append(each)
        return self.flush() if len(self._inputs) == self._predictor.batch else []

    def flush(self) -> list[Values]:
        inputs, self._inputs = self._inputs, []
        found = [each.known for each in inputs]
        if None in found:
            padded = inputs + inputs[-1:] * (self._predictor.batch - len(inputs))
            values = self._predictor.values(to_float(padded), adapters_of(padded))
            found = [_select(values, place) if known is None else known for place, known in enumerate(found)]
        return found


class Windows:
    """A clip network: half-overlapping windows over a sequence of frames; the values of a frame come from one of them.

    The windows, and the one that each frame's values come from, are those of evaluation (`window_starts`,
    `counting_window`); at most two windows are held in memory. A sequence shorter than a window is padded with its last
    frame.
    """

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._frames = predictor.frames
        self._hop = max(1, self._frames // 2)
        self._restart()

    def _restart(self) -> None:
        self._length = 0
        self._inputs: list[Input] = []  # the most recent ones, from frame `_first` on
        self._first = 0
        self._next = 0  # start of the window that is being filled
        self._windows: list[_Window] = []  # the last two
        self._known: collections.deque[Values | None] = collections.deque()  # of the frames not reported yet
        self._reported = 0

    def push(self, each: Input) -> list[Values]:
        self._inputs.append(each)
        self._known.append(each.known)
        self._length += 1
        if self._length < self._next + self._frames:
            return []
        start = self._next
        self._fill(start)
        self._next += self._hop
        self._inputs = self._inputs[start - self._first :]
        self._first = start
        # The next window, which may be the last, starts at `start` + 1 or later: no later window is centered closer to
        # the frames up to here.
        return self._report(start + self._frames // 2 + 1)

    def flush(self) -> list[Values]:
        """Ends the sequence: the last window ends at the last frame."""
        if not self._length:
            return []
        last = max(self._length - self._frames, 0)
        if not self._windows or self._windows[-1].start < last:
            self._fill(last)
        values = self._report(self._length)
        self._restart()
        return values

    def _fill(self, start: int) -> None:
        inputs = self._inputs[start - self._first : start - self._first + self._frames]
        inputs = inputs + inputs[-1:] * (self._frames - len(inputs))
        self._windows = [*self._windows[-1:], _Window(self._predictor, start, inputs)]

    def _report(self, stop: int) -> list[Values]:
        """The values of the frames before `stop` that have not been reported yet."""
        places = np.arange(self._reported, stop)
        starts = np.array([window.start for window in self._windows])
        counting = counting_window(starts, self._frames, places)
        self._reported = stop
        found = []
        for place, window in zip(places.tolist(), counting.tolist(), strict=True):
            known = self._known.popleft()
            found.append(self._windows[window].values_of(place) if known is None else known)
        return found


class _Window:
    """The frames of a window; the network runs once the first unknown value is asked for."""

    def __init__(self, predictor: Predictor, start: int, inputs: list[Input]):
        self.start = start
        self._predictor, self._inputs = predictor, inputs
        self._values: Values | None = None

    def values_of(self, place: int) -> Values:
        """The values of a frame of the sequence."""
        if self._values is None:
            crops = window_to_float(self._inputs, self._predictor)
            values = self._predictor.values(crops[None], adapters_of(self._inputs))
            self._values = _select(values, 0)
        return _select(self._values, place - self.start)


def _select(values: Values, place: int) -> Values:
    """The values of one image, or of one window."""
    return {name: value[place] for name, value in values.items()}
