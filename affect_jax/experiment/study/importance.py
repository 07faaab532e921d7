"""Which options of a sweep mattered for the score: importance.csv, and a plot of all runs in parallel coordinates."""

import dataclasses
import json
import math
import pathlib
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from absl import logging

from affect_jax.draw.axes import to_png
from affect_jax.draw.parallel import Option, draw_parallel
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.config.space import Choice, Search
from affect_jax.experiment.study.compare_sweeps import score_name
from affect_jax.experiment.study.plan import Plan
from affect_jax.experiment.study.scores import best_score
from affect_jax.experiment.study.trial import DONE, Trial
from affect_jax.files.atomic import write_bytes, write_csv

if TYPE_CHECKING:
    import optuna

IMPORTANCE, PLOT = "importance.csv", "parallel.png"
FEWEST_RUNS = 6  # below, importances are noise
# The best quarter of the runs is compared with all of them. Of the best tenth, Optuna's default, a sweep has too few:
# docs/decisions/sweeps.md has the figures.
BEST_SHARE = 0.25
MOST_OPTIONS = 8  # of the plot


def write_importance(plan: Plan, trials: Sequence[Trial], workdir: pathlib.Path) -> None:
    """Writes importance.csv, where it can be computed, and the plot; neither if the trials differ in no option."""
    best = parse(plan.config).train.best
    options = [option for option in _options(plan, trials) if len(set(option.values)) > 1]
    if not options:
        return
    scores = [best_score(trial.folder, best) for trial in trials]
    done = [trial.state == DONE and score is not None for trial, score in zip(trials, scores, strict=True)]
    shares = importances(options, scores, done, minimize=best.startswith("-"))
    if shares:
        lines = [{"option": name, "importance": round(share, 4), "runs": sum(done)} for name, share in shares.items()]
        write_csv(lines, workdir / IMPORTANCE)
    write_bytes(_plot(options, scores, shares, best, _title(plan, trials)), workdir / PLOT)


def importances(
    options: Sequence[Option], scores: Sequence[float | None], done: Sequence[bool], minimize: bool
) -> dict[str, float]:
    """The importance of each option by PED-ANOVA, from the highest; they sum to 1. {} if it cannot be computed.

    Only runs that are done count. Source: Watanabe et al., IJCAI 2023.
    """
    if sum(done) < FEWEST_RUNS:
        logging.info("%d finished runs say too little about importance; %d would do", sum(done), FEWEST_RUNS)
        return {}
    try:
        import optuna
    except ImportError:
        logging.info("the importance of options needs Optuna: pip install 'affect_jax[sweep]'")
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(direction="minimize" if minimize else "maximize")
        study.add_trials(_frozen(options, scores, done))
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    shares = {name: share for name, share in found.items() if math.isfinite(share)}
    return dict(sorted(shares.items(), key=lambda pair: -pair[1]))


def _frozen(
    options: Sequence[Option], scores: Sequence[float | None], done: Sequence[bool]
) -> list["optuna.trial.FrozenTrial"]:
    """The finished runs as Optuna's trials."""
    from optuna import distributions
    from optuna.trial import create_trial

    ranges: dict[str, Any] = {}
    for option in options:
        if option.is_choice:
            ranges[option.name] = distributions.CategoricalDistribution(sorted(set(option.values)))
        else:
            ends = (float(min(option.values)), float(max(option.values)))
            ranges[option.name] = distributions.FloatDistribution(*ends, log=option.log)
    trials = []
    for run, is_done in enumerate(done):
        if is_done:
            params = {each.name: each.values[run] if each.is_choice else float(each.values[run]) for each in options}
            trials.append(create_trial(params=params, distributions=ranges, value=scores[run]))
    return trials


def _options(plan: Plan, trials: Sequence[Trial]) -> list[Option]:
    """The values of each option that the sweep varies; what a point does not name is as in the config."""
    options = []
    for name in plan.fields:
        values = [trial.point.get(name, _value_at(plan.config, name)) for trial in trials]
        if _are_names(plan, name, values):
            options.append(Option(name, [value if isinstance(value, str) else json.dumps(value) for value in values]))
        else:
            options.append(Option(name, values, log=_is_log(plan, name, values)))
    return options


def _are_names(plan: Plan, name: str, values: Sequence[Any]) -> bool:
    """Whether the values of an option have no order: choices of a search, seeds, and all that are not numbers."""
    chosen = isinstance(plan.tried, Search) and isinstance(plan.tried.fields[name], Choice)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return not numbers or name.endswith("seed") or (chosen and len(set(values)) < 3)


def _is_log(plan: Plan, name: str, values: Sequence[float]) -> bool:
    if isinstance(plan.tried, Search):
        return getattr(plan.tried.fields[name], "log", False)
    return min(values) > 0 and max(values) / min(values) >= 10


def _value_at(config: Mapping[str, Any], name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = value[part]
    return value


def _plot(
    options: Sequence[Option], scores: Sequence[float | None], shares: Mapping[str, float], best: str, title: str
) -> bytes:
    shown = sorted(options, key=lambda option: -shares.get(option.name, 0))[:MOST_OPTIONS]
    noted = []
    for option in shown:
        share = shares.get(option.name)
        noted.append(option if share is None else dataclasses.replace(option, note=f"importance {share:.0%}"))
    evaluation, _, score = best.removeprefix("-").partition("/")
    return to_png(draw_parallel(noted, scores, (score_name(score, evaluation), evaluation), title))


def _title(plan: Plan, trials: Sequence[Trial]) -> str:
    states = [trial.state for trial in trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{len(trials)} runs ({counts}); color: best score in training"
