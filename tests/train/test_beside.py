"""Work in another thread: its result, its errors, and a signal that does not wait for it."""

import threading
import time

import pytest

from affect_jax.train import beside


def test_the_result_and_the_error_of_the_work_are_those_of_a_plain_call():
    assert beside.run(lambda: 3, lambda: False) == 3
    with pytest.raises(KeyError, match="missing"):
        beside.run(lambda: {}["missing"], lambda: False)


def test_work_that_is_nearly_done_is_awaited_also_after_a_signal():
    assert beside.run(lambda: time.sleep(0.3) or "done", lambda: True) == "done"


def test_longer_work_is_left_behind_and_known_to_go_on():
    released = threading.Event()
    start = time.monotonic()
    with pytest.raises(beside.Abandoned):
        beside.run(released.wait, lambda: True)
    assert beside.GRACE_SECONDS - 0.1 < time.monotonic() - start < beside.GRACE_SECONDS + 10
    assert beside.is_busy()
    released.set()
    while beside.is_busy():
        time.sleep(0.01)
