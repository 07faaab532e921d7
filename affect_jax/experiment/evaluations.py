"""The evaluations during training: any number of named data sets, one of which selects the checkpoint."""

import itertools
from collections.abc import Callable, Iterable, Mapping

from affect_jax.evaluate.run import evaluate
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run import Run
from affect_jax.nn.network import Variables
from affect_jax.train.loop_config import TrainConfig, UnknownScore
from affect_jax.types import Batch

Evaluator = Callable[[Variables], Mapping[str, float]]


def evaluators(run: Run, watch: Callable[[Iterable[Batch]], Iterable[Batch]]) -> dict[str, Evaluator]:
    """Each evaluation as a function from a network's variables to its scores; `watch` may end it between batches."""

    def evaluator(batches: Iterable[Batch]) -> Evaluator:
        return lambda variables: scores(run, watch(batches), variables)

    return {name: evaluator(batches) for name, batches in run.evaluation_batches.items()}


def scores(run: Run, batches: Iterable[Batch], variables: Variables) -> dict[str, float]:
    """The scores of a network on one data set, of which each process passes its share; the same in all of them."""
    predict = lambda batch: run.predict(variables, batch.inputs.only)
    placed = map(run.placement.spread, batches)
    return evaluate(predict, run.options.task.quantities, placed, run.options.contract.input_px)


def check_best(
    config: TrainConfig,
    batches: Mapping[str, Iterable[Batch]],
    scores_of: Callable[[Iterable[Batch]], Mapping[str, float]],
) -> None:
    """UsageError if the evaluation that selects the checkpoint does not report the score named by `train.best`.

    The first batch usually yields the score; only if it does not is the whole evaluation run.
    """
    name = config.best_evaluation
    reported: set[str] = set()
    for part in (itertools.islice(batches[name], 1), batches[name]):
        reported = {f"{name}/{score}" for score in scores_of(part)}
        if config.best.removeprefix("-") in reported:
            return
    try:
        config.require_best(reported)
    except UnknownScore as error:
        raise UsageError(str(error)) from error
