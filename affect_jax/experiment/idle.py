"""Options of a training run that have no effect on it; each is said in one line before the first step."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from absl import logging

from affect_jax.data.source import labeled_quantities
from affect_jax.data.without_effect import describe
from affect_jax.experiment.config.options import Options
from affect_jax.types import Source


def warn_of_idle_options(options: Options, parts: Sequence[Source]) -> None:
    """Logs the options without effect; `parts` are the training data sets, in the order of the options.

    Readers, folds and label clocks say for themselves what has no effect on their data.
    """
    labeled = [labeled_quantities(part) for part in parts]
    everywhere = set().union(*labeled)
    sentences = [*_in_sections(options.model, "model"), *_in_sections(options.optimizer, "optimizer")]
    sentences += [*_weights(options), *_balance(options, labeled)]
    sentences += describe(options.task.config, options.task.config.idle(options.contract.predicts, everywhere), "task")
    sentences += describe(options.augment, options.augment.idle(options.contract.takes), "augment")
    if "landmarks" not in everywhere:
        reason = "no face of the training data has landmarks, so the crops are whole images"
        sentences += describe(options.crop, {"side_ratio": reason, "one_box": reason}, "crop")
    for sentence in sentences:
        logging.warning("%s", sentence)


def _in_sections(config: Any, where: str) -> Iterator[str]:
    """The sentences of a section and the sections inside it, from what their dataclasses list as `idle`."""
    yield from describe(config, getattr(config, "idle", {}), where)
    for field in dataclasses.fields(config):
        inner = getattr(config, field.name)
        if dataclasses.is_dataclass(inner):
            yield from _in_sections(inner, f"{where}.{field.name}")


def _weights(options: Options) -> Iterator[str]:
    """Weights of data sets: they are shares of a mixture for training."""
    for name, part in options.evaluations.items():
        yield from describe(part, {"weight": "evaluations use every face once"}, f"evaluations.{name}")
    if len(options.data.train) == 1:
        ((name, part),) = options.data.train.items()
        yield from describe(part, {"weight": "there is only one data set to train on"}, f"data.train.{name}")


def _balance(options: Options, labeled: Sequence[set[str]]) -> Iterator[str]:
    for name, known in zip(options.data.train, labeled, strict=True):
        if "emotion" not in known:
            yield from describe(options.data, {"balanced": f"data.train.{name} has no emotion labels"}, "data")
