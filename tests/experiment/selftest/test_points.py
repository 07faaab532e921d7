"""Points of interruptions: the same for a seed, in every phase, over the whole run, and in every process."""

import collections
from signal import SIGKILL, SIGTERM

from affect_jax.experiment.selftest.phases import KILLED_IN
from affect_jax.experiment.selftest.points import LATEST_START, draw_points

SECONDS = {"compilation": 8.0, "step": 4.0, "evaluation": 2.0, "save": 0.5}


def test_points_are_drawn_over_phases_and_steps_and_depend_on_the_seed_alone():
    points = draw_points(40, 3, 100, SECONDS)
    assert points == draw_points(40, 3, 100, SECONDS) != draw_points(40, 4, 100, SECONDS)
    assert collections.Counter(point.phase for point in points) == {phase: 10 for phase in KILLED_IN}
    steps = [point.step for point in points]
    assert steps == sorted(steps) and steps[0] < 20 and 60 < steps[-1] < LATEST_START * 100
    for phase, longest in SECONDS.items():
        drawn = [point.seconds for point in points if point.phase == phase]
        assert 0 <= min(drawn) < longest / 2 and longest / 2 < max(drawn) < longest


def test_of_several_processes_each_gets_both_signals_and_a_single_one_is_only_killed():
    alone, three = draw_points(60, 3, 100, SECONDS), draw_points(60, 3, 100, SECONDS, processes=3)
    assert {(point.process, point.signal) for point in alone} == {(0, SIGKILL)}
    counts = collections.Counter((point.process, point.signal) for point in three)
    assert set(counts) == {(process, kind) for process in range(3) for kind in (SIGKILL, SIGTERM)}
    assert [point.signal for point in three] == [SIGKILL, SIGTERM] * 30
    both = collections.Counter((point.phase, point.signal) for point in three)
    assert set(both) == {(phase, kind) for phase in KILLED_IN for kind in (SIGKILL, SIGTERM)}
    assert [point.seconds for point in alone] == [point.seconds for point in three]
