"""Whether the subjects that a network is evaluated on are subjects it was trained on."""

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

PLACES = ("root", "split", "images", "skipped_csv", "max_skipped_fraction", "check_images", "strict")


def chosen(options: Any) -> str:
    """The options of a reader that decide which faces it gives and are not its defaults."""
    decisive = [field for field in dataclasses.fields(options) if field.name not in PLACES]
    pairs = [
        (field.name, getattr(options, field.name))
        for field in decisive
        if getattr(options, field.name) != field.default
    ]
    return ", ".join(f"{name}={value}" for name, value in pairs)


def same_split(one: SourceConfig, other: SourceConfig) -> bool:
    """Whether both read one split of one data set, wherever it lies."""
    return one.reader == other.reader and one.options.own_split == other.options.own_split


def check_apart(run: Options) -> None:
    """UsageError if subjects of the training also choose the checkpoint; a warning where other options may differ.

    Other evaluations than the one that chooses may be on any subjects.
    """
    chooses = run.train.best_evaluation
    held = run.evaluations[chooses]
    where = lambda part: pathlib.Path(part.options.root).resolve()
    for name, part in run.data.train.items():
        if not same_split(part, held) or where(part) != where(held) or not overlap(part.fold, held.fold):
            continue
        both = (
            f"data.train.{name} ({part.fold}) and evaluations.{chooses} ({held.fold}) share subjects of split "
            f"'{held.options.split}' of {held.reader}"
        )
        if chosen(part.options) != chosen(held.options):
            logging.warning("%s, unless their other options choose different ones", both)
            continue
        raise UsageError(
            f"{both}, so that the checkpoint would be chosen by subjects it has memorized; choose another split for "
            f"one of them, or set {_advice(f'data.train.{name}', f'evaluations.{chooses}', held.fold)}"
        )


def _advice(train: str, chooses: str, held: FoldConfig) -> str:
    """The options that keep a training data set apart from the subjects that choose the checkpoint."""
    eighth = FoldConfig(index=0, of=8)
    places = {train: complement(held)} if held.of > 1 else {chooses: eighth, train: complement(eighth)}
    pairs = []
    for place, fold in places.items():
        for field, value in dataclasses.asdict(fold).items():
            pairs.append(f"{place}.fold.{field}={json.dumps(value)}")
    return " and ".join(pairs)


def warn_of_training_data(run: Options, part: SourceConfig) -> None:
    """Warns where subjects of a data set may be among those of the training; names a fold of others if there is."""
    learned = {name: other for name, other in run.data.train.items() if same_split(other, part)}
    for name, other in learned.items():
        if not overlap(other.fold, part.fold):
            continue
        logging.warning(
            "%s was trained on subjects of this split (data.train.%s: %s), and the evaluation (%s) holds some of them; "
            "for others choose another split%s",
            *(other.reader, name, other.fold, part.fold, _unseen(other.fold, learned.values())),
        )


def _unseen(fold: FoldConfig, learned: Iterable[SourceConfig]) -> str:
    """The settings of an evaluation on all subjects outside a fold; "" if training holds some of those too."""
    if fold.of == 1:
        return ""
    rest = complement(fold)
    if any(overlap(rest, each.fold) for each in learned):
        return ""
    settings = [f"--set={name}={value}" for name, value in rest.settings().items()]
    return f" or {' '.join(settings)}"
