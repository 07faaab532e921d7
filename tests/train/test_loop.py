"""Interrupted and resumed equals uninterrupted, bit for bit; signals, divergence and the journal."""

import json
import os
import signal
import threading
import time

import jax
import numpy as np
import optax
import pytest
from loop_runs import Run, losses

from affect_jax.nn.network import names
from affect_jax.train import guard
from affect_jax.train.beside import Abandoned
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.fetch import GRACE_SECONDS
from affect_jax.train.guard import TrainingDiverged
from affect_jax.train.journal import Journal
from affect_jax.train.loop_config import TrainConfig, UnknownScore
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.placement import Placement


def lines(workdir):
    """The lines of the journal without their times; text, because undefined values are equal here."""
    found = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    return [json.dumps({name: value for name, value in line.items() if name != "seconds"}) for line in found]


def stopped_and_resumed(workdir, steps, network, task, batches, **options):
    """The state at the end of an uninterrupted run, and of one that was stopped by a signal in its 4th step."""

    class Interrupting(batches):
        def __next__(self):
            if self.number == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().__next__()

    whole, finished = Run(workdir / "whole", network, task, batches, **options).go(steps)
    assert finished
    _, finished = Run(workdir / "cut", network, task, Interrupting, **options).go(steps)
    assert not finished
    state, finished = Run(workdir / "cut", network, task, batches, **options).go(steps)
    assert finished and int(state.step) == steps
    assert lines(workdir / "cut") == lines(workdir / "whole")
    return whole, state


def test_a_run_stopped_by_sigterm_and_resumed_equals_the_uninterrupted_run(tmp_path, tiny, regression, batches):
    whole, cut = (names(state.variables) for state in stopped_and_resumed(tmp_path, 9, tiny, regression, batches))
    for name in whole:
        np.testing.assert_array_equal(np.asarray(cut[name]), np.asarray(whole[name]), err_msg=name)


@pytest.mark.parametrize("at", [2, 3, 5, 8])
def test_no_evaluation_is_lost_to_a_signal(tmp_path, tiny, regression, batches, at):
    """Steps 3, 6 and 9 are evaluated; the signal comes in the step after number `at`, which may be one of them."""

    class Interrupting(batches):
        def __next__(self):
            if self.number == at:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().__next__()

    scores = {3: 0.5, 6: 0.2, 9: 0.9}

    def evaluated_steps(workdir):
        found = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
        return {line["step"]: line["validation/error"] for line in found if "validation/error" in line}

    def run(kind):
        remaining = [scores[step] for step in scores if step > (Checkpoints(tmp_path).latest_step() or 0)]
        return Run(tmp_path, tiny, regression, kind).go(9, evaluate=lambda variables: {"error": remaining.pop(0)})[1]

    assert not run(Interrupting) and Checkpoints(tmp_path).latest_step() == at + 1
    assert run(batches) and evaluated_steps(tmp_path) == scores
    assert Checkpoints(tmp_path, "-validation/error").best_step() == 6


def test_checkpoints_by_time_change_nothing_and_a_kill_costs_no_more_than_their_minutes(
    tmp_path, tiny, regression, batches, monkeypatch
):
    """A step takes 40 s: with a checkpoint each minute, 2, 5 and 8 are saved besides the evaluations of 3, 6 and 9."""
    now, saved = [0.0], []
    save = Checkpoints.save

    class Killed(Exception):
        pass

    class Timed(batches):
        last = 9

        def __next__(self):
            if self.number == self.last:
                raise Killed
            now[0] += 40.0
            return super().__next__()

    class Killing(Timed):
        last = 5

    def record(self, state, *rest, **others):
        saved.append(int(state.step))
        return save(self, state, *rest, **others)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Checkpoints, "save", record)
    whole, _ = Run(tmp_path / "whole", tiny, regression, Timed).go(9)
    assert saved == [3, 6, 9]
    saved.clear()
    with pytest.raises(Killed):
        Run(tmp_path / "cut", tiny, regression, Killing, minutes=1.0).go(9)
    assert saved == [2, 3, 5] and Checkpoints(tmp_path / "cut").latest_step() == 5
    state, finished = Run(tmp_path / "cut", tiny, regression, Timed, minutes=1.0).go(9)
    assert finished and saved == [2, 3, 5, 6, 8, 9]
    for name, array in names(whole.variables).items():
        np.testing.assert_array_equal(np.asarray(names(state.variables)[name]), np.asarray(array), err_msg=name)
    steps = lambda run: sorted(step.name for step in (tmp_path / run / "checkpoints").iterdir())
    assert steps("cut") == steps("whole")


def test_what_has_diverged_is_not_saved_by_time(tmp_path, tiny, regression, batches, monkeypatch):
    now = [0.0]

    class Poisoned(batches):
        def __next__(self):
            now[0] += 40.0
            batch = super().__next__()
            batch.labels["valence_arousal"].value[:] = np.nan
            return batch

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    message = r"step 1: loss, loss/mse and the gradients of .* are not finite; no checkpoint was saved before\. Lower"
    with pytest.raises(TrainingDiverged, match=message):
        Run(tmp_path, tiny, regression, Poisoned, minutes=0.5).go(9)
    assert Checkpoints(tmp_path).latest_step() is None


def test_every_evaluation_is_logged_under_its_name_and_one_chooses_the_checkpoint(tmp_path, tiny, regression, batches):
    chosen, other = iter([0.5, 0.2, 0.9]), iter([0.1, 0.8, 0.3])
    run = Run(tmp_path, tiny, regression, batches)
    run.go(9, lambda variables: {"error": next(chosen)}, seen=lambda variables: {"error": next(other), "more": 1.0})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    scored = [line for line in lines if "validation/error" in line]
    assert [(line["validation/error"], line["seen/error"]) for line in scored] == [(0.5, 0.1), (0.2, 0.8), (0.9, 0.3)]
    assert all(line["seen/more"] == 1.0 for line in scored)
    assert Checkpoints(tmp_path, "-validation/error").best_step() == 6


def test_a_score_that_no_evaluation_gives_ends_the_run_at_the_first_one(tmp_path, tiny, regression, batches):
    run = Run(tmp_path, tiny, regression, batches)
    message = "train.best is '-validation/error', but the scores are other/error, validation/eror"
    with pytest.raises(UnknownScore, match=message):
        run.go(9, lambda variables: {"eror": 1.0}, other=lambda variables: {"error": 1.0})
    assert max(losses(tmp_path)) <= 3 and Checkpoints(tmp_path).latest_step() is None


@pytest.mark.parametrize("at", [0, 3, pytest.param(4, marks=pytest.mark.slow)])
def test_a_signal_ends_the_wait_for_a_batch_that_never_comes(tmp_path, tiny, regression, batches, at):
    """The batch after number `at`; after step 3 there is an evaluation, whose checkpoint stays as it is."""
    ended = threading.Event()

    class Stuck(batches):
        def __next__(self):
            if self.number == at:
                self.number += 1  # as an iterator in the middle of its work
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
                ended.wait()
            return super().__next__()

    whole, _ = Run(tmp_path / "whole", tiny, regression, batches).go(9)
    start = time.monotonic()
    state, finished = Run(tmp_path / "cut", tiny, regression, Stuck).go(9)
    assert time.monotonic() - start < GRACE_SECONDS + 20  # the step is compiled in that time
    assert not finished and int(state.step) == at == Checkpoints(tmp_path / "cut").latest_step()
    ended.set()
    state, finished = Run(tmp_path / "cut", tiny, regression, batches).go(9)
    assert finished
    for name, array in names(whole.variables).items():
        np.testing.assert_array_equal(np.asarray(names(state.variables)[name]), np.asarray(array), err_msg=name)


@pytest.mark.slow
def test_an_evaluation_that_a_signal_ends_is_made_up_for(tmp_path, tiny, regression, batches):
    """The evaluation of step 6 takes too long, twice; then the run has the lines and the best of a whole one."""
    scores, ended = {3: 0.5, 6: 0.2, 9: 0.9}, threading.Event()
    kept = lambda workdir: sorted(step.name for step in (workdir / "checkpoints").iterdir())

    def go(workdir, stuck_at=None):
        steps = [step for step in scores if step >= (Checkpoints(workdir).latest_step() or 3)]

        def evaluate(variables):
            step = steps.pop(0)
            if step == stuck_at:
                os.kill(os.getpid(), signal.SIGTERM)
                ended.wait()
            return {"error": scores[step]}

        return Run(workdir, tiny, regression, batches).go(9, evaluate)

    go(tmp_path / "whole")
    for _ in range(2):
        state, finished = go(tmp_path / "cut", stuck_at=6)
        assert not finished and int(state.step) == 6 and not Checkpoints(tmp_path / "cut").has_scores(6)
    assert go(tmp_path / "cut")[1]
    ended.set()
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    assert kept(tmp_path / "cut") == kept(tmp_path / "whole") == ["6", "9"]
    assert Checkpoints(tmp_path / "cut", "-validation/error").best_step() == 6


def test_scores_written_before_a_kill_are_written_once(tmp_path):
    journal = Journal(tmp_path, 0, 10, "test")
    journal.write(3, {"train/loss": 1.0})
    journal.write(3, {"validation/error": 0.5})
    journal.drop_scores(3)
    journal.write(3, {"validation/error": 0.5})
    journal.close()
    assert len(lines(tmp_path)) == 2


def test_a_signal_ends_the_compilation_of_the_step(tmp_path, tiny, regression, batches):
    ended = threading.Event()

    class Slow(regression.__class__):
        def terms(self, *rest):  # called while the step is traced, before it is compiled
            os.kill(os.getpid(), signal.SIGTERM)
            ended.wait()
            return super().terms(*rest)

    with pytest.raises(Abandoned):
        Run(tmp_path, tiny, Slow(), batches).go(9)
    assert Checkpoints(tmp_path).latest_step() is None
    ended.set()


def test_memory_learned_mixture_average_and_teacher_are_resumed_bit_for_bit(tmp_path, full_recipe):
    task, network, batches = full_recipe
    options = {"optimizer": optax.adamw(1e-2), "average": 0.9, "with_teacher": True}
    whole, cut = stopped_and_resumed(tmp_path, 9, network, task, batches, **options)
    assert jax.tree.structure(whole) == jax.tree.structure(cut)
    for (path, one), other in zip(jax.tree_util.tree_leaves_with_path(whole), jax.tree.leaves(cut), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), err_msg=jax.tree_util.keystr(path))
    assert (np.asarray(cut.task.memory.weight) > 0).all()
    logged = (tmp_path / "cut" / "metrics.jsonl").read_text()
    for name in ("loss/teacher", "loss/rmse", "log_variance/ccc"):
        assert f"train/{name}" in logged
    start = task.initial().parameters
    assert all(cut.task.parameters[name] != start[name] for name in start)


def test_the_checkpoint_holds_the_averaged_network_and_it_is_what_is_scored(tmp_path, full_recipe):
    task, network, batches = full_recipe
    scored = []
    run = Run(tmp_path, network, task, batches, average=0.9, with_teacher=True)
    state, _ = run.go(3, evaluate=lambda variables: scored.append(jax.device_get(names(variables))) or {"error": 1.0})
    there = names(Checkpoints(tmp_path).restore_variables(run.network, Placement.single()))
    average, raw = names(state.average), names(state.variables)
    for name, array in there.items():
        np.testing.assert_array_equal(np.asarray(array), np.asarray(average[name]), err_msg=name)
        np.testing.assert_array_equal(np.asarray(array), scored[0][name], err_msg=name)
    assert not np.array_equal(there["head/kernel"], raw["head/kernel"])
    assert not np.array_equal(there["norm/mean"], raw["norm/mean"])


def test_the_journal_drops_lines_past_the_restored_step_and_a_line_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 2, "a": 1}\n{"step": 4, "a": 2}\n{"step": 6, "a"')
    journal = Journal(tmp_path, 2, 10, "test")
    journal.write(4, {"a": 3.0})
    journal.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["step"], line["a"]) for line in lines] == [(2, 1), (4, 3.0)]


def test_divergence_names_step_and_term_and_keeps_the_last_checkpoint(tmp_path, tiny, regression, batches):
    class Poisoned(batches):
        def __next__(self):
            batch = super().__next__()
            batch.labels["valence_arousal"].value[:] = (
                np.nan if self.number == 5 else batch.labels["valence_arousal"].value
            )
            return batch

    run = Run(tmp_path, tiny, regression, Poisoned)
    with pytest.raises(
        TrainingDiverged,
        match=r"step 5: loss, loss/mse and the gradients of .* not finite; the checkpoint of step 3 is kept\.",
    ):
        run.go(9)
    assert Checkpoints(tmp_path, "-validation/error").latest_step() == 3


def poisoned(kind, *numbers):
    """Batches of a kind, of which those with these numbers have labels that are not numbers."""

    class Poisoned(kind):
        def __next__(self):
            bad = self.number in numbers
            batch = super().__next__()
            if bad:
                batch.labels["valence_arousal"].value[:] = np.nan
            return batch

    return Poisoned


def test_a_run_that_leaves_out_updates_is_resumed_bit_for_bit(tmp_path, tiny, regression, batches):
    kind = poisoned(batches, 1, 3, 7)
    whole, cut = stopped_and_resumed(tmp_path, 9, tiny, regression, kind, on_nan="skip")
    assert jax.tree.structure(whole) == jax.tree.structure(cut)
    for (path, one), other in zip(jax.tree_util.tree_leaves_with_path(whole), jax.tree.leaves(cut), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), err_msg=jax.tree_util.keystr(path))
    assert (int(cut.faults.skipped), int(cut.faults.in_a_row), int(cut.step)) == (3, 0, 9)
    for name in ("whole", "cut"):
        lines = [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        counts = {line["step"]: line["train/skipped_updates"] for line in lines if "train/skipped_updates" in line}
        assert [counts[step] for step in (2, 4, 6, 8, 9)] == [1, 2, 2, 3, 3]
        assert np.isfinite(list(losses(tmp_path / name).values())).all()


def test_too_many_updates_left_out_in_a_row_stop_a_run_at_the_same_step_after_a_signal(
    tmp_path, tiny, regression, batches, monkeypatch
):
    """Steps 4, 5 and 6 are bad; the signal comes in step 5."""
    monkeypatch.setattr(guard, "SKIPS_IN_A_ROW", 3)
    kind = poisoned(batches, *range(3, 20))

    class Interrupting(kind):
        def __next__(self):
            if self.number == 4:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().__next__()

    _, finished = Run(tmp_path, tiny, regression, Interrupting, on_nan="skip").go(9)
    assert not finished and Checkpoints(tmp_path).latest_step() == 5
    message = r"^step 6: loss.* are not finite, as in the 2 steps before it; the checkpoint of step 5 is kept\. Lower"
    with pytest.raises(TrainingDiverged, match=message):
        Run(tmp_path, tiny, regression, kind, on_nan="skip").go(9)


def test_a_run_goes_back_to_its_checkpoint_and_on_with_the_batches_after_the_bad_one(
    tmp_path, tiny, regression, batches, monkeypatch
):
    """Step 5 is bad; step 3 was saved. The reference meets the same batches without the bad one and that before it."""

    class Chosen(batches):
        def __next__(self):
            place, self.number = self.number, (0, 1, 2, 5, 6, 7, 8, 9, 10)[self.number]
            batch = super().__next__()
            self.number = place + 1
            return batch

    said = []
    monkeypatch.setattr(Journal, "say", lambda journal, text: said.append(text))
    reference, _ = Run(tmp_path / "reference", tiny, regression, Chosen).go(9)
    state, finished = Run(tmp_path / "run", tiny, regression, poisoned(batches, 4), on_nan="rollback").go(9)
    assert finished and int(state.faults.rollbacks) == 1
    (text,) = [text for text in said if "going back" in text]
    assert text.startswith("step 5: loss, ") and text.endswith(" are not finite; going back to step 3, return 1 of 3")
    for name, array in names(reference.variables).items():
        np.testing.assert_array_equal(np.asarray(names(state.variables)[name]), np.asarray(array), err_msg=name)
    assert losses(tmp_path / "run") == losses(tmp_path / "reference")


def test_a_run_goes_back_to_its_initial_weights_and_gives_up_after_some_times(tmp_path, tiny, regression, batches):
    kind = poisoned(batches, *range(1, 20))
    message = r"^step 1: loss.* are not finite, after 3 returns to a checkpoint; only the initial weights were saved"
    with pytest.raises(TrainingDiverged, match=message):
        Run(tmp_path, tiny, regression, kind, on_nan="rollback").go(9)


def test_an_unknown_answer_to_nan_is_refused():
    with pytest.raises(ValueError, match=r"train\.on_nan is 'ignore'; choose stop, skip or rollback"):
        TrainConfig(on_nan="ignore")


def test_an_unknown_precision_and_no_micro_batch_are_refused():
    with pytest.raises(ValueError, match=r"train\.precision is 'half'; choose one of float32, bfloat16"):
        TrainConfig(precision="half")
    with pytest.raises(ValueError, match=r"train\.micro_batches is 0; it must be at least 1"):
        TrainConfig(micro_batches=0)


def test_the_best_checkpoint_is_kept_beside_the_latest(tmp_path, tiny, regression, batches):
    scores = iter([0.5, 0.2, 0.9])
    Run(tmp_path, tiny, regression, batches).go(9, evaluate=lambda variables: {"error": next(scores)})
    checkpoints = Checkpoints(tmp_path, "-validation/error")
    assert (checkpoints.best_step(), checkpoints.latest_step()) == (6, 9)


def test_a_checkpoint_opens_on_another_number_of_devices(tmp_path, tiny, regression, batches):
    run = Run(tmp_path, tiny, regression, batches)
    state, _ = run.go(3)
    for count in (1, 2, 4):
        placement = Placement.of(MeshConfig(), jax.devices()[:count])
        there = Checkpoints(tmp_path).restore_variables(run.network, placement)
        for name, array in names(there).items():
            assert array.sharding.num_devices == count
            np.testing.assert_array_equal(np.asarray(array), np.asarray(names(state.variables)[name]))


def test_a_state_moves_from_8_to_4_devices_and_on_to_1(tmp_path, tiny, regression, batches):
    state, _ = Run(tmp_path / "8", tiny, regression, batches).go(3)
    shapes, folder = jax.eval_shape(lambda: state), tmp_path / "8"
    for count in (4, 1):
        placement = Placement.of(MeshConfig(), jax.devices()[:count])
        moved, place = Checkpoints(folder).restore(shapes, placement)
        for array, expected in zip(jax.tree.leaves(moved), jax.tree.leaves(state), strict=True):
            assert array.sharding.num_devices == count
            np.testing.assert_array_equal(np.asarray(array), np.asarray(expected))
        folder = tmp_path / str(count)
        checkpoints = Checkpoints(folder)
        checkpoints.save(moved, place)
        checkpoints.close()


def test_a_rhythm_below_one_is_refused():
    with pytest.raises(ValueError, match="train.log_every is 0; it must be at least 1"):
        TrainConfig(log_every=0)
