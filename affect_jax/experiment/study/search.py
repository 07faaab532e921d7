"""The trials of a search: Optuna chooses their points, and keeps them in a journal that any number of workers share."""

import contextlib
import json
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.space import Choice, Range, Search
from affect_jax.experiment.study.listed import Taken, first_free
from affect_jax.experiment.study.scores import best_score, score_by_step
from affect_jax.experiment.study.trial import DONE, PRUNED, UNFINISHED, WAITING, Trial, try_to_hold
from affect_jax.files.locks import locked_after_waiting

JOURNAL, NAME = "optuna_journal.log", "sweep"
ASKING = ".asking.lock"  # held for the moment in which a worker takes or asks for a trial
STARTUP_TRIALS = 5  # before the sampler learns and the pruner compares; Optuna's defaults are 10 and 5


class Searched:
    """The trials of a search in `workdir`; a trial of a worker that was killed is taken up by another one.

    Args:
        search: what is varied, and how.
        workdir: the folder of the sweep.
        best: the score that is improved, as in `train.best`; a minus before its name means that less is better.
        steps: the training steps of each trial, after which nothing is pruned; None if they vary.
    """

    def __init__(self, search: Search, workdir: pathlib.Path, best: str, steps: int | None):
        self._search, self._workdir, self._best, self._steps = search, workdir, best, steps
        workdir.mkdir(parents=True, exist_ok=True)
        self.study = open_study(workdir, best)

    def trials(self) -> list[Trial]:
        """All trials that were begun."""
        return [Trial(each.number, self._point(each.params), self._workdir) for each in self.study.get_trials(False)]

    def left(self) -> int:
        """How many trials have not ended, those that were not begun included."""
        ended = [trial for trial in self.trials() if trial.state not in (UNFINISHED, WAITING)]
        return max(self._search.trials - len(ended), 0)

    def take(self, stack: contextlib.ExitStack) -> Taken | None:
        """Holds a trial until `stack` is closed: one that was left behind, or a new one; None if there is none."""
        with locked_after_waiting(self._workdir / ASKING, quietly=True):
            begun = [self._completed(trial) for trial in self.trials()]
            for trial in begun:
                self.finish(trial)  # whose worker was killed before it could
            if taken := first_free(begun, stack):
                return taken
            if len(begun) >= self._search.trials:
                return None
            trial = self._ask(len(begun))
            held, lock = try_to_hold(trial, stack)
            return (trial, lock) if held else None

    def hindrance(self, trial: Trial) -> str:
        """Why a trial cannot be trained: "", as none starts from another."""
        return ""

    def finish(self, trial: Trial) -> None:
        """Tells Optuna how a trial ended; of one that failed, nothing, so that it can be taken up again."""
        import optuna

        state = trial.state
        score = best_score(trial.folder, self._best)
        if state == DONE and score is not None:
            self.study.tell(trial.number, score, skip_if_finished=True)
        elif state == PRUNED:
            self.study.tell(trial.number, state=optuna.trial.TrialState.PRUNED, skip_if_finished=True)

    def report(self, trial: Trial) -> bool:
        """Reports the scores so far to Optuna; whether the trial is to end because of them, before its last step."""
        if self._search.prune_after is None:
            return False
        live = self._live(trial.number)
        known = self.study.get_trials(False)[trial.number].intermediate_values
        new = {step: score for step, score in score_by_step(trial.folder, self._best).items() if step not in known}
        for step, score in new.items():
            live.report(score, step)
        last = max(new, default=None)
        return last is not None and last != self._steps and bool(live.should_prune())

    def _ask(self, number: int) -> Trial:
        """Asks Optuna for the next point; the same one again for the same finished trials."""
        self.study.sampler = _sampler(self._search, number)
        self.study.pruner = _pruner(self._search)
        asked = self.study.ask()
        return Trial(asked.number, self._point(self._suggest(asked)), self._workdir)

    def _completed(self, trial: Trial) -> Trial:
        """A trial whose worker was killed before all of its options were chosen gets the others now."""
        if set(trial.point) == set(self._search.fields):
            return trial
        self.study.sampler = _sampler(self._search, trial.number)
        return Trial(trial.number, self._point(self._suggest(self._live(trial.number))), self._workdir)

    def _live(self, number: int) -> Any:
        """A trial to which can be reported, and which can be asked for options that it lacks."""
        import optuna

        self.study.pruner = _pruner(self._search)
        # Optuna has no public way to go on with a trial of another process; its own workers use the same call.
        return optuna.trial.Trial(self.study, self.study.get_trials(False)[number]._trial_id)

    def _suggest(self, trial: Any) -> dict[str, Any]:
        """The options of one of Optuna's trials; it chooses those that it lacks."""
        for name, values in self._search.fields.items():
            if isinstance(values, Choice):
                trial.suggest_categorical(name, [_plain(value) for value in values.values])
            elif isinstance(values.low, int) and isinstance(values.high, int):
                trial.suggest_int(name, values.low, values.high, log=values.log)
            else:
                trial.suggest_float(name, values.low, values.high, log=values.log)
        return trial.params

    def _point(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The point of a trial, in the order of the fields."""
        point = {}
        for name, values in self._search.fields.items():
            if name in params:
                point[name] = params[name] if isinstance(values, Range) else _chosen(values, params[name])
        return point


def open_study(workdir: pathlib.Path, best: str) -> Any:
    """The study of a search, created if there is none; UsageError if Optuna is not installed."""
    optuna = require_optuna()
    backend = optuna.storages.journal.JournalFileBackend(str(workdir / JOURNAL))
    return optuna.create_study(
        study_name=NAME,
        storage=optuna.storages.JournalStorage(backend),
        direction="minimize" if best.startswith("-") else "maximize",
        load_if_exists=True,
    )


def require_optuna() -> Any:
    """Optuna, quiet; UsageError if it is not installed."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError("a search needs Optuna: pip install 'affect_jax[sweep]'; a list of points does not") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    return optuna


def _sampler(search: Search, number: int) -> Any:
    """The sampler for a trial. Its seed depends on the trial, so that a restarted worker repeats no earlier point."""
    import optuna

    seed = (search.seed * 1_000_003 + number) % 2**32
    if search.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(n_startup_trials=STARTUP_TRIALS, seed=seed)


def _pruner(search: Search) -> Any:
    import optuna

    if search.prune_after is None:
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=search.prune_after)


def _plain(value: Any) -> Any:
    """A choice as Optuna's journal can hold it."""
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value)


def _chosen(values: Choice, plain: Any) -> Any:
    return next(value for value in values.values if _plain(value) == plain and type(_plain(value)) is type(plain))
