"""Whether the people that a network is judged on are people it was trained on."""

import dataclasses
import pathlib
from typing import Any

from absl import logging

from affect_jax.data.folds import complement, overlap
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
    """UsageError if people that are trained on also choose the checkpoint; a warning where other options may differ."""
    held = run.data.validation
    where = lambda part: pathlib.Path(part.options.root).resolve()
    for name, part in run.data.train.items():
        if not same_split(part, held) or where(part) != where(held) or not overlap(part.fold, held.fold):
            continue
        both = (
            f"data.train.{name} (fold '{part.fold}') and data.validation (fold '{held.fold}') share people of split "
            f"'{held.options.split}' of {held.reader}"
        )
        if chosen(part.options) != chosen(held.options):
            logging.warning("%s, unless their other options choose different ones", both)
            continue
        train = f"data.train.{name}.fold"
        advice = f"{train}={complement(held.fold)}" if held.fold else f"data.validation.fold=0/8 and {train}=-0/8"
        raise UsageError(
            f"{both}, so that the checkpoint would be chosen by what was learned by heart; choose another split for "
            f"one of them, or {advice}"
        )


def warn_of_training_data(run: Options, part: SourceConfig) -> None:
    """Warns where people of a data set may be among those of the run's training; names a fold of others if there is."""
    learned = {name: other for name, other in run.data.train.items() if same_split(other, part)}
    for name, other in learned.items():
        if not overlap(other.fold, part.fold):
            continue
        rest = complement(other.fold) if other.fold else ""
        others = rest and not any(overlap(rest, each.fold) for each in learned.values())
        logging.warning(
            "%s was trained on people of this split (data.train.%s, fold '%s'), and the evaluation (fold '%s') holds "
            "some of them; for others choose another split%s",
            *(other.reader, name, other.fold, part.fold, f" or --set=fold={rest}" if others else ""),
        )
