"""Checks whether evaluation subjects overlap with training subjects."""

import dataclasses
import json
import pathlib
from collections.abc import Iterable
from typing import Any

from absl import logging

from affect_jax.data.folds import FoldConfig, complement, overlap
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options

# Options that do not change which subjects and labels a reader returns, or are reported separately.
NEUTRAL = ("root", "split", "images", "skipped_csv", "max_skipped_fraction", "check_images", "strict")


def non_default_options(options: Any) -> str:
    """The options that determine which examples a reader returns and differ from their defaults."""
    pairs = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if field.name not in NEUTRAL and value != field.default:
            pairs.append(f"{field.name}={value}")
    return ", ".join(pairs)


def same_split(one: SourceConfig, other: SourceConfig) -> bool:
    """Whether both read the same split of the same data set, wherever it is stored."""
    return one.reader == other.reader and one.options.own_split == other.options.own_split


def can_share(one: SourceConfig, other: SourceConfig) -> bool:
    """Whether a subject can be in both data sets, wherever they are stored, before their folds are taken."""
    return one.reader == other.reader and one.options.shares_subjects(other.options)


def check_disjoint(run: Options) -> None:
    """Raises UsageError if training subjects also select the checkpoint; warns if reader options may separate them.

    Evaluations that do not select the checkpoint may use any subjects.
    """
    selecting = run.train.best_evaluation
    held = run.evaluations[selecting]
    root = lambda part: pathlib.Path(part.options.root).resolve()
    for name, part in run.data.train.items():
        if not can_share(part, held) or root(part) != root(held) or not overlap(part.fold, held.fold):
            continue
        message = (
            f"data.train.{name} ({part.fold}) and evaluations.{selecting} ({held.fold}) share subjects of split "
            f"'{held.options.split}' of {held.reader}"
        )
        if non_default_options(part.options) != non_default_options(held.options):
            logging.warning("%s, unless their other options select different ones", message)
            continue
        raise UsageError(
            f"{message}, so the checkpoint would be selected on subjects it was trained on; choose another split for "
            f"one of them, or set {_advice(f'data.train.{name}', f'evaluations.{selecting}', held.fold)}"
        )


def _advice(train: str, selecting: str, held: FoldConfig) -> str:
    """The options that separate a training data set from the subjects that select the checkpoint."""
    eighth = FoldConfig(index=0, of=8)
    places = {train: complement(held)} if held.of > 1 else {selecting: eighth, train: complement(eighth)}
    pairs = []
    for place, fold in places.items():
        for field, value in dataclasses.asdict(fold).items():
            pairs.append(f"{place}.fold.{field}={json.dumps(value)}")
    return " and ".join(pairs)


def warn_of_training_data(run: Options, part: SourceConfig) -> None:
    """Warns if a data set may contain training subjects; suggests a fold without them if there is one."""
    trained = {name: other for name, other in run.data.train.items() if can_share(other, part)}
    for name, other in trained.items():
        if not overlap(other.fold, part.fold):
            continue
        logging.warning(
            "the network was trained on subjects of this split of %s (data.train.%s: %s), and the evaluation (%s) "
            "includes some of them; to exclude them, choose another split%s",
            other.reader,
            name,
            other.fold,
            part.fold,
            _held_out(other.fold, trained.values()),
        )


def _held_out(fold: FoldConfig, trained: Iterable[SourceConfig]) -> str:
    """The settings for evaluating on all subjects outside a fold; "" if training uses some of those too."""
    if fold.of == 1:
        return ""
    rest = complement(fold)
    if any(overlap(rest, each.fold) for each in trained):
        return ""
    settings = [f"--set={name}={value}" for name, value in rest.settings().items()]
    return f" or {' '.join(settings)}"
