import os
import signal

import pytest

from affect_jax.train import agreement, beside
from affect_jax.train.agreement import SharedSignals


def test_one_process_is_the_first_and_waits_for_nobody():
    assert agreement.is_first() and agreement.from_first("name", "value") == "value"
    agreement.wait_for_all("name")
    assert agreement.decision_of_first(True) is True and agreement.decision_of_first(False) is False
    assert not isinstance(agreement.shared_signals(), SharedSignals)


def test_a_signal_counts_from_the_step_on_which_the_processes_agree(monkeypatch):
    monkeypatch.setattr(agreement.multihost_utils, "reached_preemption_sync_point", lambda count: count == 3)
    found = []
    with SharedSignals() as signals:
        for _ in range(4):
            signals.look()
            found.append(signals.received)
    assert found == [None, None, signal.SIGTERM, signal.SIGTERM]


def test_an_evaluation_ends_before_the_batch_on_which_the_processes_agree(monkeypatch):
    """Looks are counted over steps and batches; the third batch is the fourth look."""
    monkeypatch.setattr(agreement.multihost_utils, "reached_preemption_sync_point", lambda count: count == 4)
    evaluated = []
    with SharedSignals() as signals:
        signals.look()
        with pytest.raises(beside.Abandoned):
            for batch in signals.watch("abcd"):
                evaluated.append(batch)
    assert evaluated == ["a", "b"] and signals.received == signal.SIGTERM


def test_an_evaluation_that_no_signal_ends_is_whole(monkeypatch):
    monkeypatch.setattr(agreement.multihost_utils, "reached_preemption_sync_point", lambda count: False)
    with SharedSignals() as signals:
        assert list(signals.watch("abcd")) == list("abcd")


def test_an_interrupt_is_passed_on_as_sigterm_and_a_second_one_stops_at_once(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((process, number)))
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with SharedSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        assert sent == [(os.getpid(), signal.SIGTERM)] and signals.received is None
        assert signal.getsignal(signal.SIGTERM) == before[0]  # JAX's handler is not replaced
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before[1]
