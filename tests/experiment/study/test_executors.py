import os
import signal

import pytest

from affect_jax.experiment.study.child import Stop
from affect_jax.experiment.study.executors import share_of_devices, stopping


@pytest.mark.parametrize(
    ("given", "at_once", "shares"),
    [
        ("0,1,2,3", 2, ["0,2", "1,3"]),
        ("0,1,2", 2, ["0,2", "1"]),
        ("4,5", 3, ["4", "5", "4"]),
        ("GPU-a", 1, ["GPU-a"]),
    ],
)
def test_trials_at_once_share_the_devices(given, at_once, shares):
    environment = {"CUDA_VISIBLE_DEVICES": given, "HOME": "/root"}
    found = [share_of_devices(environment, at_once, slot) for slot in range(at_once)]
    assert found == [{**environment, "CUDA_VISIBLE_DEVICES": share} for share in shares]


@pytest.mark.parametrize("environment", [{}, {"CUDA_VISIBLE_DEVICES": ""}])
def test_without_named_devices_nothing_changes(environment):
    assert share_of_devices(environment, 2, 1) == environment


def test_signals_are_counted_and_handlers_put_back():
    before, stop = signal.getsignal(signal.SIGTERM), Stop()
    with stopping(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
    assert stop.requests == 2 and signal.getsignal(signal.SIGTERM) is before
