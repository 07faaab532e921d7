"""One batch when asked, none ahead; a wait that a signal ends; errors as if there were no thread."""

import threading
import time

import pytest

from affect_jax.train import fetch
from affect_jax.train.fetch import Fetcher


def going():
    return False


def stopping():
    return True


def test_nothing_is_taken_before_it_is_asked_for(batches):
    one, other = batches(), batches()
    with Fetcher(one) as fetcher:
        assert fetcher.data_state == {"number": 0}
        for number in range(1, 4):
            assert (fetcher.next(going).inputs.images == next(other).inputs.images).all()
            time.sleep(0.02)
            assert fetcher.data_state == one.get_state() == {"number": number}


def test_a_batch_that_is_nearly_there_is_taken_also_after_a_signal(batches):
    with Fetcher(batches()) as fetcher:
        assert fetcher.next(stopping) is not None and fetcher.data_state == {"number": 1}


def test_a_batch_that_comes_after_the_wait_is_given_up_does_not_count(batches, monkeypatch):
    monkeypatch.setattr(fetch, "GRACE_SECONDS", 0.4)
    released, taken = threading.Event(), threading.Event()

    class Late(batches):
        def __next__(self):
            released.wait()
            batch = super().__next__()
            taken.set()
            return batch

    with Fetcher(Late()) as fetcher:
        assert fetcher.next(stopping) is None
        released.set()
        assert taken.wait(5) and fetcher.data_state == {"number": 0}


def test_an_error_of_the_iterator_is_raised_where_the_batch_is_waited_for(batches):
    class Broken(batches):
        def __next__(self):
            raise ValueError("2 of 5 rows are unusable")

    with Fetcher(Broken()) as fetcher, pytest.raises(ValueError, match="2 of 5 rows are unusable"):
        fetcher.next(going)


def test_its_thread_ends_with_it(batches):
    def running():
        return any(thread.name == "fetcher" and thread not in before for thread in threading.enumerate())

    before = threading.enumerate()
    with Fetcher(batches()) as fetcher:
        fetcher.next(going)
        assert running()
    until = time.monotonic() + 5
    while running() and time.monotonic() < until:
        time.sleep(0.01)
    assert not running()
