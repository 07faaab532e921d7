"""The evaluations of a run while it trains: any number of data sets by name, one of which chooses the checkpoint."""

import functools
import itertools
import pathlib
from collections.abc import Callable, Iterable, Mapping

from affect_jax.evaluate.run import evaluate
from affect_jax.experiment import build
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.nn.network import Variables
from affect_jax.train.loop import TrainConfig, UnknownScore
from affect_jax.types import Batch, Predictions

Predict = Callable[[Variables, Batch], Predictions]
Evaluator = Callable[[Variables], Mapping[str, float]]


def named_batches(run: Options, workdir: pathlib.Path) -> dict[str, Iterable[Batch]]:
    """The batches of each evaluation."""
    found = {}
    for name, config in run.evaluations.items():
        source = build.source(config, run.label_set, run.data.store, str(workdir / build.SKIPPED))
        found[name] = build.evaluation_batches(run, source, workdir)
    return found


def evaluators(run: Options, predict: Predict, batches: Mapping[str, Iterable[Batch]]) -> dict[str, Evaluator]:
    """Each evaluation as a function from a network's variables to its scores."""
    return {name: functools.partial(scores, run, predict, part) for name, part in batches.items()}


def scores(run: Options, predict: Predict, batches: Iterable[Batch], variables: Variables) -> dict[str, float]:
    """The scores of a network on one data set."""
    return evaluate(lambda batch: predict(variables, batch), run.task.quantities, batches, run.contract.input_px)


def check_best(
    config: TrainConfig,
    batches: Mapping[str, Iterable[Batch]],
    scores_of: Callable[[Iterable[Batch]], Mapping[str, float]],
) -> None:
    """UsageError if the evaluation that chooses the checkpoint has no score of the name in `train.best`.

    Its first batch usually has the score; only where it does not, the whole evaluation is asked.
    """
    name = config.best_evaluation
    found: set[str] = set()
    for part in (itertools.islice(batches[name], 1), batches[name]):
        found = {f"{name}/{score}" for score in scores_of(part)}
        if config.best.removeprefix("-") in found:
            return
    try:
        config.require_best(found)
    except UnknownScore as error:
        raise UsageError(str(error)) from error
