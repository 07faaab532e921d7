"""Trains the runs of a sweep, each in its own folder, and collects their scores; a second start resumes it."""

import pathlib
from collections.abc import Sequence

import jax
import ml_collections
from absl import logging

from affect_jax.experiment.config.claim import CONFIG, read_options
from affect_jax.experiment.config.space import Point, Search
from affect_jax.experiment.evaluate import conditions_of, evaluation_source, require_same_conditions
from affect_jax.experiment.study import executors, slurm
from affect_jax.experiment.study.child import Stop
from affect_jax.experiment.study.importance import write_importance
from affect_jax.experiment.study.plan import FinalEvaluation, Plan, make_plan, read_plan, write_plan
from affect_jax.experiment.study.search import require_optuna
from affect_jax.experiment.study.table import write_tables
from affect_jax.experiment.study.trial import DONE, FAILED, SUMMARY, Trial
from affect_jax.experiment.study.worker import make_queue
from affect_jax.files.disk import require_writable


def begin(
    config: ml_collections.ConfigDict,
    tried: Sequence[Point] | Search,
    workdir: pathlib.Path,
    final: FinalEvaluation | None = None,
) -> None:
    """Writes what is to be trained into `workdir`, for any number of workers; UsageError if anything in it is wrong.

    A point's "label" names it in the table, and "{sweep}" in a string stands for `workdir`, so that a run can start
    from an earlier one. With `final`, each finished run is evaluated on that data set.
    """
    workdir = workdir.absolute()
    if isinstance(tried, Search):
        require_optuna()
    plan = make_plan(config, tried, final, workdir)
    _require_same_evaluations(plan, workdir)
    require_writable(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    write_plan(plan, workdir)


def carry_out(
    workdir: pathlib.Path, executor: str = "inline", at_once: int = 1, sbatch: Sequence[str] = (), once: bool = False
) -> bool:
    """Trains what is left of a sweep, and writes its tables; False if a signal stopped it.

    Trials that failed in an earlier call are tried again, and those that were not evaluated are. One that fails leaves
    the others alone. ChildProcessError names all that failed.

    Args:
        workdir: the folder of the sweep, which `begin` has made.
        executor: where: "inline" (one after another), "local" (several at once) or "slurm" (an array).
        at_once: how many trials at the same time.
        sbatch: further options of sbatch.
        once: whether to train a single trial, as a task of an array does.
    """
    jax.config.update("jax_platforms", "cpu")  # of this process, which only counts costs: devices are for the trials
    workdir = workdir.absolute()
    plan, stop = read_plan(workdir), Stop()
    with executors.stopping(stop):
        if once:
            return executors.run_one(plan, workdir, executor, stop)
        slurm.check_options(sbatch)
        for trial in make_queue(plan, workdir).trials():
            if trial.state == FAILED or (trial.state == DONE and plan.final and not (trial.folder / SUMMARY).is_file()):
                trial.take_up_again()
        if executor == "slurm":
            executors.run_array(plan, workdir, at_once, sbatch, stop)
        else:
            executors.run_here(plan, workdir, at_once if executor == "local" else 1, stop)
    return _conclude(plan, workdir)


def _conclude(plan: Plan, workdir: pathlib.Path) -> bool:
    """Writes the tables; whether all trials have ended. ChildProcessError if some of them failed."""
    queue = make_queue(plan, workdir)
    trials = queue.trials()
    write_tables(plan, trials, workdir)
    write_importance(plan, trials, workdir)
    if left := queue.left():
        logging.warning("%d trials have not ended; the same command goes on with them", left)
        return False
    if failed := [trial for trial in trials if trial.state == FAILED]:
        raise ChildProcessError(f"{len(failed)} of {len(trials)} runs failed: {'; '.join(map(_named, failed))}")
    return True


def _named(trial: Trial) -> str:
    outcome = trial.outcome()
    return f"run {trial.name}: {outcome.error if outcome else ''}"


def _require_same_evaluations(plan: Plan, workdir: pathlib.Path) -> None:
    """UsageError if a run was already evaluated on something else than the final evaluation."""
    if (final := plan.final) is None:
        return
    for summary in sorted(workdir.glob(f"*/{SUMMARY}")):
        folder = summary.parents[2]
        if (folder / CONFIG).is_file():
            run = read_options(folder)
            part = evaluation_source(run, final.data, final.root, final.split, final.settings)
            require_same_conditions(summary.parent, conditions_of(run, part, flip=(), step=0))
