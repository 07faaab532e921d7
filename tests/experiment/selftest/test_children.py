"""Points of kills: the same for a seed, in every phase, over the whole run; a child that fails is reported."""

import collections
import sys

import pytest

from affect_jax.experiment.selftest.children import LATEST_START, Child, ChildFailed, Point, draw_points
from affect_jax.experiment.selftest.phases import KILLED_IN
from affect_jax.train.loop_config import TrainConfig

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


def test_a_training_that_fails_by_itself_is_reported_with_its_last_line_and_its_log(tmp_path):
    child = Child(tmp_path / "none.py", tmp_path / "run", tmp_path / "log", TrainConfig())
    child._call = [sys.executable, "-u", "-c", "import sys; print('first'); sys.exit('error: the last line')"]
    for run in (child.finish, lambda: child.kill_at(Point("save", 0, 0.0))):
        message = rf"the training ended with exit code 1: error: the last line \(in {tmp_path}/log\)"
        with pytest.raises(ChildFailed, match=message):
            run()


def test_a_training_that_ends_before_its_kill_is_not_counted(tmp_path):
    child = Child(tmp_path / "none.py", tmp_path / "run", tmp_path / "log", TrainConfig())
    child._call = [sys.executable, "-c", "pass"]
    assert child.kill_at(Point("save", 0, 0.0)) is None
