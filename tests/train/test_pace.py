"""The clock of a run: an estimate after the first steps, and checkpoints by time."""

import time

import pytest

from affect_jax.train.pace import Pace, SaveClock, duration


@pytest.fixture
def clock(monkeypatch):
    """The time, to be set by the test."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_the_estimate_leaves_out_compilation_and_evaluations_and_comes_once(clock):
    said = []
    pace = Pace(40, 140, said.append)
    for step in range(41, 80):
        clock[0] += 30.0 if step == 41 else 2.0  # the first step is compiled
        pace.note(step, {})
        if step == 42:
            with pace.paused():
                clock[0] += 500.0
        if step == 43:
            assert not said
    # Two seconds a step; step 44 is the first after five seconds, and 96 steps are left.
    assert said == ["2 s a step: about 3 min left, without evaluations"]


def test_fast_steps_are_measured_over_several(clock):
    said = []
    pace = Pace(0, 20_001, said.append)
    for step in range(1, 20):
        pace.note(step, {})
        clock[0] += 0.01
    assert said == ["0.01 s a step: about 3 min left, without evaluations"]


def test_durations_are_rough():
    assert [duration(seconds) for seconds in (0.0, 40.4, 89.0, 720.0, 5e3, 12.6e3)] == [
        "1 s",
        "40 s",
        "89 s",
        "12 min",
        "83 min",
        "3.5 h",
    ]


def test_a_checkpoint_is_due_after_its_minutes_and_never_with_0(clock):
    saves, never = SaveClock(10.0), SaveClock(0.0)
    clock[0] += 599
    assert not saves.due()
    clock[0] += 1
    assert saves.due() and not never.due()
    saves.restart()
    assert not saves.due()
