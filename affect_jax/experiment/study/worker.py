"""A worker of a sweep: takes up trials and trains them, one after another, each in a process of its own."""

import contextlib
import pathlib

from absl import logging

from affect_jax.experiment.config.options import Options, parse
from affect_jax.experiment.config.space import Search
from affect_jax.experiment.study import child
from affect_jax.experiment.study.listed import Listed
from affect_jax.experiment.study.plan import FinalEvaluation, Plan
from affect_jax.experiment.study.scores import score_by_step
from affect_jax.experiment.study.search import Searched
from affect_jax.experiment.study.trial import DONE, FAILED, LOG, PRUNED, SUMMARY, Outcome, Trial, last_sentence

POLL_SECONDS = 1.0  # between two looks for a trial that became free
Queue = Listed | Searched


def make_queue(plan: Plan, workdir: pathlib.Path) -> Queue:
    """The trials of a plan, as one worker sees them; a worker must not share its queue with another one."""
    if not isinstance(plan.tried, Search):
        return Listed(plan.tried, workdir)
    base = parse(plan.config)
    return Searched(plan.tried, workdir, base.train.best, None if "train.steps" in plan.fields else base.train.steps)


class Worker:
    """Trains trials of a plan."""

    def __init__(self, plan: Plan, workdir: pathlib.Path, starter: child.Starter):
        self._plan, self._starter = plan, starter
        self._queue = make_queue(plan, workdir)

    def work(self) -> None:
        """Takes up trials until all have ended or a signal stops it; waits for those that other workers have."""
        while not self._starter.stop.requests and self._queue.left():
            with contextlib.ExitStack() as stack:
                taken = self._queue.take(stack)
                if taken is not None:
                    self._try(*taken)
            if taken is None:
                self._starter.stop.wait(POLL_SECONDS)

    def work_once(self) -> bool:
        """Takes up one trial, if one is free; False if it was stopped, ChildProcessError if it failed."""
        with contextlib.ExitStack() as stack:
            taken = self._queue.take(stack)
            if taken is None:
                return True
            outcome = self._try(*taken)
        if outcome is not None and outcome.state == FAILED:
            raise ChildProcessError(f"run {taken[0].name} failed: {outcome.error}")
        return outcome is not None

    def _try(self, trial: Trial, lock: int | None) -> Outcome | None:
        """Trains and evaluates a trial; how it ended, which is also written, or None if it was stopped."""
        logging.info("run %s: %s; log in %s", trial.name, dict(trial.point), trial.folder / LOG)
        hindrance = self._queue.hindrance(trial)
        outcome = Outcome(FAILED, hindrance) if hindrance else self._run(trial, lock)
        if outcome is None:
            logging.info("run %s: stopped; the same command resumes it", trial.name)
            return None
        trial.end(outcome)
        self._queue.finish(trial)
        logging.info("run %s: %s%s", trial.name, outcome.state, f": {outcome.error}" if outcome.error else "")
        return outcome

    def _run(self, trial: Trial, lock: int | None) -> Outcome | None:
        """How a trial ended; None if it was stopped before."""
        options = self._plan.options_at(trial.point, trial.workdir)
        watch = _Watch(self._queue, trial, options)
        config = trial.write_config(self._plan)
        words = child.command("train", f"--config={config}", f"--workdir={trial.folder}")
        code = child.run(words, trial.folder / LOG, self._starter, lock, watch.is_pruned)
        self._queue.report(trial)  # what came after the last look
        if watch.pruned and code == child.STOPPED and not self._starter.stop.requests:
            return Outcome(PRUNED)
        if code == 0 and self._plan.final is not None:
            code = self._evaluate(trial, self._plan.final, lock)
        if code == child.STOPPED or code in child.BY_SIGTERM:
            return None
        return Outcome(DONE) if code == 0 else Outcome(FAILED, last_sentence(trial.folder / LOG, code))

    def _evaluate(self, trial: Trial, final: FinalEvaluation, lock: int | None) -> int:
        """Evaluates a trained run on other data, unless that has been done; returns the exit code."""
        if (trial.folder / SUMMARY).is_file():
            return 0
        words = [
            f"--workdir={trial.folder}",
            f"--data={final.data}",
            f"--split={final.split}",
            f"--name={SUMMARY.parent.name}",
        ]
        words += [f"--data_root={final.root}"] if final.root else []
        words += [f"--set={setting}" for setting in final.settings]
        return child.run(child.command("evaluate", *words), trial.folder / LOG, self._starter, lock, lambda: False)


class _Watch:
    """Follows the scores of a trial while it is trained."""

    def __init__(self, queue: Queue, trial: Trial, options: Options):
        self._queue, self._trial, self._best = queue, trial, options.train.best
        self._seen: set[int] = set(score_by_step(trial.folder, self._best))
        self.pruned = False

    def is_pruned(self) -> bool:
        """Whether the trial is to end early; logs each new score."""
        scores = score_by_step(self._trial.folder, self._best)
        new = sorted(set(scores) - self._seen)
        for step in new:
            logging.info("run %s: step %d, %s %.3f", self._trial.name, step, self._best.removeprefix("-"), scores[step])
        self._seen.update(new)
        if new and not self.pruned:
            self.pruned = self._queue.report(self._trial)
        return self.pruned
