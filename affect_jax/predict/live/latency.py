"""How long each part of a frame takes: medians and 95 % quantiles."""

import array
import contextlib
from collections.abc import Iterator, Mapping

import numpy as np

from affect_jax.predict.live.pace import Clock

RECENT_FRAMES = 250  # about ten seconds
QUANTILES = (0.5, 0.95)
TOTAL = "total"  # from the time when the frame was there until its row is complete

Quantiles = dict[str, tuple[float, float]]  # by part: median and 95 % quantile in milliseconds


class Latencies:
    """Collects the seconds of each part, frame by frame: 4 bytes each, some 2 MB for an hour."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._seconds: dict[str, array.array] = {}
        self._current: dict[str, float] = {}

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measures a part of the current frame; a part that comes twice in a frame counts as one."""
        start = self._clock.now()
        yield
        self.add(name, self._clock.now() - start)

    def add(self, name: str, seconds: float) -> None:
        """Adds to a part of the current frame."""
        self._current[name] = self._current.get(name, 0.0) + seconds

    def finish(self) -> None:
        """Ends the current frame."""
        for name, seconds in self._current.items():
            self._seconds.setdefault(name, array.array("f")).append(seconds)
        self._current = {}

    def recent(self) -> Quantiles:
        """Quantiles over the last frames."""
        return _quantiles({name: np.array(each[-RECENT_FRAMES:]) for name, each in self._seconds.items()})

    def all(self) -> Quantiles:
        """Quantiles over the whole session."""
        return _quantiles({name: np.array(each) for name, each in self._seconds.items()})


def _quantiles(seconds: Mapping[str, np.ndarray]) -> Quantiles:
    """Of each part, the total last."""
    seconds = dict(sorted(seconds.items(), key=lambda part: part[0] == TOTAL))
    return {name: tuple((1e3 * np.quantile(each, QUANTILES)).tolist()) for name, each in seconds.items()}


def describe(quantiles: Quantiles) -> str:
    """ "face 8.1/9.9 network 5.2/6.0 total 15.2/18.9 ms"."""
    return " ".join(f"{name} {median:.1f}/{high:.1f}" for name, (median, high) in quantiles.items()) + " ms"
