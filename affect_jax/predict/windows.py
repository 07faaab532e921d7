"""From crops, one after the other, to the network's values: in batches, in windows, or as a stream."""

import collections

import numpy as np
from jaxtyping import Float, UInt8

from affect_jax.ops.sequence import overlap_average
from affect_jax.predict.predictor import Predictor

Values = list[Float[np.ndarray, "value"]]


def network_of(predictor: Predictor) -> "Batches | Windows | Stream | InTurn":
    """What turns the crops of a run of frames into values: `push` and `flush` give those that are ready, in order."""
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
        self._pushed = self._told = 0

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        turn = self._pushed % len(self._networks)
        self._ready[turn].extend(self._networks[turn].push(crop))
        self._pushed += 1
        return self._in_order()

    def flush(self) -> Values:
        for network, ready in zip(self._networks, self._ready, strict=True):
            ready.extend(network.flush())
        told = self._in_order()
        self._pushed = self._told = 0
        return told

    def _in_order(self) -> Values:
        """Values of the frames that follow those told, up to the first that waits."""
        told = []
        while ready := self._ready[self._told % len(self._ready)]:
            told.append(ready.popleft())
            self._told += 1
        return told


class Stream:
    """A causal clip network: each frame once, with what the network keeps of those before."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._step = None

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        if self._step is None:
            self._step = self._predictor.following()
        return [self._step(_unit([crop])[0])]

    def flush(self) -> Values:
        self._step = None
        return []


class Batches:
    """A static network: images in batches of a fixed size, the last one padded."""

    def __init__(self, predictor: Predictor):
        self._predictor = predictor
        self._crops: list[np.ndarray] = []

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        self._crops.append(crop)
        return self.flush() if len(self._crops) == self._predictor.batch else []

    def flush(self) -> Values:
        count = len(self._crops)
        if not count:
            return []
        padding = [self._crops[-1]] * (self._predictor.batch - count)
        values = self._predictor.values(_unit(self._crops + padding))
        self._crops.clear()
        return list(values[:count])


class Windows:
    """A clip network: half-overlapping windows over a run of frames, averaged where they overlap.

    Equal to `window_starts` and `overlap_average` over the whole run, with no more than a few windows held. A run
    shorter than a window repeats its last frame.
    """

    def __init__(self, predictor: Predictor):
        self._predictor, self._frames = predictor, predictor.frames
        self._hop = max(1, self._frames // 2)
        self._restart()

    def _restart(self) -> None:
        self._crops: list[np.ndarray] = []  # the last ones, from `_first` on
        self._windows: list[tuple[int, np.ndarray]] = []  # (start, values) that reach past `_told`
        self._first = self._told = self._length = self._next = 0

    def push(self, crop: UInt8[np.ndarray, "size_px size_px 3"]) -> Values:
        self._crops.append(crop)
        self._length += 1
        if self._length < self._next + self._frames:
            return []
        start = self._next
        self._look(start)
        self._next += self._hop
        told = self._tell(start)  # a later window, the last one included, starts after this one
        self._crops = self._crops[start - self._first :]
        self._first = start
        return told

    def flush(self) -> Values:
        """Ends the run: the last window ends at the last frame."""
        if not self._length:
            return []
        last = max(self._length - self._frames, 0)
        if not self._windows or self._windows[-1][0] < last:
            self._look(last)
        told = self._tell(self._length)
        self._restart()
        return told

    def _look(self, start: int) -> None:
        crops = self._crops[start - self._first : start - self._first + self._frames]
        crops = crops + [crops[-1]] * (self._frames - len(crops))
        self._windows.append((start, self._predictor.values(_unit(crops)[None])[0]))

    def _tell(self, stop: int) -> Values:
        """Values of the frames before `stop` that have not been told."""
        base, length = self._windows[0][0], self._windows[-1][0] + self._frames - self._windows[0][0]
        starts = np.array([start - base for start, _ in self._windows])
        mean = overlap_average(np.stack([values for _, values in self._windows]), starts, length)
        told = list(mean[self._told - base : stop - base])
        self._told = stop
        self._windows = [(start, values) for start, values in self._windows if start + self._frames > stop]
        return told


def _unit(crops: list[UInt8[np.ndarray, "size_px size_px 3"]]) -> Float[np.ndarray, "count size_px size_px 3"]:
    return np.stack(crops).astype(np.float32) / np.float32(255)
