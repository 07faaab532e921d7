"""The newest frame is predicted; those that come meanwhile are dropped, counted, and never out of order."""

import threading

import numpy as np
import pytest

from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Captured, pace


def test_while_a_frame_is_predicted_the_next_ones_replace_each_other(clock, make_frame):
    """Frames come every 40 ms, and prediction takes 100 ms.

    By hand, in ms: 0 is taken at 0 and done at 100, when 40 and 80 have come; 80 is done at 200: 120, 160 and 200 have
    come; 200 is done at 300: 240, 280; 280 is done at 400: 320, 360, 400.
    """
    due = 0.04 * np.arange(11)
    newest = Newest(threading.Event())
    frames = pace((make_frame(index, seconds) for index, seconds in enumerate(due)), clock)
    newest.put(next(frames))
    taken, waits = [], []
    while (captured := newest.take()) is not None:
        taken.append(captured.frame.index)
        waits.append(clock.now() - captured.seconds)
        done = clock.now() + 0.1
        while newest.captured < len(due) and due[newest.captured] + 100 <= done + 1e-9:
            newest.put(next(frames))
        clock.time = done
        if newest.captured == len(due):
            newest.end()
    assert taken == [0, 2, 5, 7, 10]
    assert newest.captured == 11 and newest.dropped == 6
    assert waits == pytest.approx([0, 0.02, 0, 0.02, 0], abs=1e-6)


def test_frames_that_are_taken_in_time_are_all_predicted(clock, make_frame):
    newest = Newest(threading.Event())
    for index in range(5):
        newest.put(Captured(make_frame(index, 0.0), clock.now()))
        assert newest.take().frame.index == index
    newest.end()
    assert newest.take() is None and newest.dropped == 0


def test_the_last_frame_is_still_predicted_after_the_source_has_ended(clock, make_frame):
    newest = Newest(threading.Event())
    with newest.follow([Captured(make_frame(index, 0.0), 0.0) for index in range(4)]) as thread:
        thread.join()
        assert [captured.frame.index for captured in newest] == [3]
    assert newest.dropped == 3 and newest.captured == 4


def test_a_stop_ends_the_wait_and_the_capture():
    stop = threading.Event()
    newest = Newest(stop)
    threading.Timer(0.05, stop.set).start()
    assert newest.take() is None


def test_an_error_of_the_source_ends_the_session_and_is_kept(make_frame):
    def broken():
        yield Captured(make_frame(0, 0.0), 0.0)
        raise ValueError("/dev/video0 stopped")

    newest = Newest(threading.Event())
    with newest.follow(broken()):
        assert [captured.frame.index for captured in newest] == [0]
    assert str(newest.error) == "/dev/video0 stopped"
