"""The first signal is recorded, the second one interrupts, and the handlers of before come back."""

import os
import signal

import pytest

from affect_jax.train.signals import Signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_recorded_and_a_second_one_interrupts(number):
    before = signal.getsignal(number)
    with Signals() as signals:
        assert not signals.stopping()
        os.kill(os.getpid(), number)
        assert signals.stopping() and signals.received == number
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before
