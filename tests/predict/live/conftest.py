"""A clock that only moves when it is told to."""

import numpy as np
import pytest

from affect_jax.predict.sources import Frame


class FakeClock:
    def __init__(self):
        self.time = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_frame():
    """A gray frame of a recording."""

    def make(index, seconds, level=128) -> Frame:
        return Frame("film.mp4", index, seconds, np.full((32, 48, 3), level, np.uint8))

    return make
