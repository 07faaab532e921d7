"""From crops, one after the other, to the values of the network: in batches, in windows, or as a stream."""

import collections

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.sequence import counting_window
from affect_jax.predict.predictor import Predictor, Values


def network_of(predictor: Predictor) -> "Batches | Windows | Stream | InTurn":
    """Turns the crops of a run of frames into values: `push` and `flush` return those that are ready, in order."""
    if predictor.frames is None:
        return Batches(predictor)
    network = Windows if predictor.follower is None else Stream
    return network(predictor) if predictor.every == 1 else InTurn([network(predictor) for _ in range(predictor.every)])


class InTurn:
    """A clip network that knows one frame in n: n of it take turns, so that each sees every n-th frame.

    Every frame gets values of its own, as in evaluation (`data.clips.evaluation_windows`).
    """

    def __init__(self, networks: "list[Windows] | list[Stream]"):
        self._networks = networks
        self._ready: list[collections.deque] = [collections.deque() for _ in networks]
        self._pushed = self._reported = 0

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> list[Values]:
        turn = self._pushed % len(self._networks)
        self._ready[turn].extend(self._networks[turn].push(crop))
        self._pushed += 1
        return self._in_order()

    def flush(self) -> list[Values]:
        for network, ready in zip(self._networks, self._ready, strict=True):
            ready.extend(network.flush())
        values = self._in_order()
        self._pushed = self._reported = 0
        return values

    def _in_order(self) -> list[Values]:
        """Values of the frames that follow those reported, up to the first that waits."""
        values = []
        while ready := self._ready[self._reported % len(self._ready)]:
            values.append(ready.popleft())
            self._reported += 1
        return values


class Stream:
    """A causal clip network: each frame once, with what the network keeps of those before."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._step = None

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> list[Values]:
        if self._step is None:
            self._step = self._predictor.following()
        return [self._step(_unit([crop])[0])]

    def flush(self) -> list[Values]:
        self._step = None
        return []


class Batches:
    """A static network: images in batches of a fixed size, the last one padded."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._crops: list[np.ndarray] = []

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> list[Values]:
        self._crops.append(crop)
        return self.flush() if len(self._crops) == self._predictor.batch else []

    def flush(self) -> list[Values]:
        count = len(self._crops)
        if not count:
            return []
        padding = [self._crops[-1]] * (self._predictor.batch - count)
        values = self._predictor.values(_unit(self._crops + padding))
        self._crops.clear()
        return [_one(values, place) for place in range(count)]


class Windows:
    """A clip network: half-overlapping windows over a run of frames; each frame counts in one of them.

    Windows and the one that counts are those of evaluation (`window_starts`, `counting_window`), with no more than two
    windows held. A run shorter than a window repeats its last frame.
    """

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._frames = predictor.frames
        self._hop = max(1, self._frames // 2)
        self._restart()

    def _restart(self) -> None:
        self._length = 0
        self._crops: list[np.ndarray] = []  # the last ones, from `_first` on
        self._first = 0
        self._next = 0  # start of the window that is being filled
        self._windows: list[tuple[int, Values]] = []  # the last two: (start, values)
        self._reported = 0

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> list[Values]:
        self._crops.append(crop)
        self._length += 1
        if self._length < self._next + self._frames:
            return []
        start = self._next
        self._predict(start)
        self._next += self._hop
        self._crops = self._crops[start - self._first :]
        self._first = start
        # The next window, which may be the last one, starts at `start` + 1 or later: up to here none will be nearer.
        return self._report(start + self._frames // 2 + 1)

    def flush(self) -> list[Values]:
        """Ends the run: the last window ends at the last frame."""
        if not self._length:
            return []
        last = max(self._length - self._frames, 0)
        if not self._windows or self._windows[-1][0] < last:
            self._predict(last)
        values = self._report(self._length)
        self._restart()
        return values

    def _predict(self, start: int) -> None:
        crops = self._crops[start - self._first : start - self._first + self._frames]
        crops = crops + [crops[-1]] * (self._frames - len(crops))
        values = self._predictor.values(_unit(crops)[None])
        self._windows = [*self._windows[-1:], (start, _one(values, 0))]

    def _report(self, stop: int) -> list[Values]:
        """Values of the frames before `stop` that have not been reported."""
        places = np.arange(self._reported, stop)
        starts = np.array([start for start, _ in self._windows])
        counting = counting_window(starts, self._frames, places)
        self._reported = stop
        found = []
        for place, window in zip(places.tolist(), counting.tolist(), strict=True):
            found.append(_one(self._windows[window][1], place - self._windows[window][0]))
        return found


def _one(values: Values, place: int) -> Values:
    """Those of one image, or of one window."""
    return {name: value[place] for name, value in values.items()}


def _unit(crops: list[UInt8[np.ndarray, "size_px size_px 3"]]) -> Float[np.ndarray, "count size_px size_px 3"]:
    return np.stack(crops).astype(np.float32) / np.float32(255)
