import contextlib

from affect_jax.experiment.study.listed import Listed
from affect_jax.experiment.study.trial import Outcome


def test_trials_are_taken_in_order_without_those_that_are_held_ended_or_wait_for_another(tmp_path):
    points = [{"seed": 0}, {"seed": 1}, {"task.teacher": "{sweep}/001"}, {"seed": 3}, {"task.teacher": "{sweep}/009"}]
    queue = Listed(points, tmp_path)
    queue.trials()[0].end(Outcome("done"))
    with contextlib.ExitStack() as stack:
        assert [queue.take(stack)[0].number for _ in range(3)] == [1, 3, 4]
        assert queue.take(stack) is None and queue.left() == 4
        queue.trials()[1].end(Outcome("done"))
        assert queue.take(stack)[0].number == 2 and queue.hindrance(queue.trials()[2]) == ""
    assert queue.hindrance(queue.trials()[4]) == "starts from run 009, which is not in the sweep"
    queue.trials()[1].end(Outcome("failed", "no memory"))
    assert queue.hindrance(queue.trials()[2]) == "starts from run 001, which failed"
