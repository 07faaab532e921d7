"""Work ahead in another thread: order, bounds, errors and ends."""

import threading
import time

import pytest

from affect_jax.predict.ahead import ahead


def names():
    return [thread.name for thread in threading.enumerate()]


def test_items_keep_their_order_and_come_from_another_thread():
    threads = set()

    def items():
        for number in range(50):
            threads.add(threading.current_thread().name)
            yield number

    assert list(ahead(items(), 3)) == list(range(50))
    assert threads == {"ahead"} and "ahead" not in names()


def test_no_more_than_depth_items_are_taken_ahead():
    taken = []
    running = ahead((taken.append(number) or number for number in range(100)), 3)
    for number in running:
        time.sleep(0.002)
        assert len(taken) <= number + 1 + 3 + 1  # one is in the hand of the thread


def test_an_error_comes_behind_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("no third")

    running = ahead(items(), 5)
    assert [next(running), next(running)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(running)
    assert "ahead" not in names()


def test_closing_ends_the_threads_and_closes_what_they_read():
    closed = []

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    outer = ahead((item for item in ahead(endless(), 2)), 2)
    next(outer)
    outer.close()
    assert "ahead" not in names()
    deadline = time.monotonic() + 5
    while not closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert closed
