"""Frames come when their time stamps say so."""

import threading
import time

import numpy as np

from affect_jax.predict.live.pace import SteadyTime, pace


def test_frames_are_due_by_their_time_stamps_whatever_they_are(clock, make_frame):
    seconds = [0.0, 0.04, 0.05, 1.0]
    came = [
        (captured.frame.index, clock.now(), captured.seconds) for captured in pace(_frames(make_frame, seconds), clock)
    ]
    assert [index for index, _, _ in came] == [0, 1, 2, 3]
    np.testing.assert_allclose([now for _, now, _ in came], np.array(seconds) + 100)
    np.testing.assert_allclose([due for _, _, due in came], np.array(seconds) + 100)
    np.testing.assert_allclose(clock.slept, np.diff(seconds))


def test_time_counts_from_the_first_frame_even_if_its_own_time_is_not_0(clock, make_frame):
    came = [captured.seconds for captured in pace(_frames(make_frame, [7.0, 7.5]), clock)]
    np.testing.assert_allclose(came, [100.0, 100.5])


def test_what_is_decoded_late_was_due_before_and_does_not_delay_what_follows(clock, make_frame):
    def slow():
        for index, seconds in enumerate([0.0, 0.1, 0.2, 0.3]):
            if index == 1:
                clock.time += 0.25  # decoding takes so long
            yield make_frame(index, seconds)

    came = [(round(clock.now() - 100, 6), round(captured.seconds - 100, 6)) for captured in pace(slow(), clock)]
    assert came == [(0.0, 0.0), (0.25, 0.1), (0.25, 0.2), (0.3, 0.3)]


def test_the_clock_of_the_machine_wakes_up_when_the_session_is_stopped():
    stop = threading.Event()
    clock = SteadyTime(stop)
    start = clock.now()
    clock.sleep(0.02)
    assert 0.02 <= clock.now() - start
    threading.Timer(0.05, stop.set).start()
    before = time.monotonic()
    clock.sleep(60.0)
    assert time.monotonic() - before < 10


def _frames(make_frame, seconds):
    return (make_frame(index, each) for index, each in enumerate(seconds))
