"""A trained workdir, judged on a data set: rebuilt from the workdir alone."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS
from affect_jax.evaluate.flip import with_flip_averaging
from affect_jax.evaluate.rows import collect
from affect_jax.evaluate.summary import EvaluationConditions, write_summary
from affect_jax.experiment import restore, splits
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.config.typed import lookup, typed
from affect_jax.experiment.data import SKIPPED, evaluation_batches, open_source
from affect_jax.experiment.network import make_predict
from affect_jax.ops.geometry import crop_name
from affect_jax.tables.writing import write_rows

EXAMPLES = {"clock": "clock.delay_seconds=2", "fold": "fold.of=5"}  # of the sections of a data set


def evaluate_run(
    workdir: pathlib.Path,
    data: str,
    root: str,
    split: str,
    settings: Sequence[str],
    flip: bool,
    name: str = "",
    precision: str = "float32",
) -> tuple[pathlib.Path, dict]:
    """Writes summary.json and predictions.csv under W/evaluation/; returns the folder and the summary."""
    placement = restore.placement(workdir)
    run, network, variables, step = restore.restored(workdir, placement)
    part = source_of(run, data, root, split, settings)
    splits.warn_of_training_data(run, part)
    other_precision = [precision] if precision != "float32" else []
    folder = workdir / "evaluation" / (name or "_".join([data, split, *(["flip"] if flip else []), *other_precision]))
    conditions = under(run, part, flip, step)
    require_same(folder, conditions)
    source = open_source(part, run.label_set, run.data.store, str(folder / SKIPPED))
    predict = make_predict(network, placement, precision)
    function = lambda batch: predict(variables, batch)
    if flip and run.contract.takes != "images":
        raise UsageError(f"{workdir} holds a network of {run.contract.takes}; only images are mirrored")
    if flip and not run.predicts_affect:
        raise UsageError(f"{workdir} holds a landmark network: what it predicts is not averaged over a mirror image")
    batches = evaluation_batches(run, source, folder)
    rows = collect(
        with_flip_averaging(function) if flip else function,
        batches,
        source.examples,
        run.task.quantities,
        run.label_set,
        run.contract.input_px,
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(rows, folder / "predictions.csv", model=f"{workdir.name}@{step}", crop=conditions.crop)
    summary = write_summary(rows, conditions, folder)
    logging.info("wrote %s and predictions.csv beside it", folder / "summary.json")
    return folder, summary


def under(run: Options, part: SourceConfig, flip: bool, step: int) -> EvaluationConditions:
    """The conditions of an evaluation."""
    crop = crop_name(run.contract.input_px, run.crop.side_ratio)
    return EvaluationConditions(part.reader, part.options.split, crop, run.label_set, flip, step, data_conditions(part))


def data_conditions(part: SourceConfig) -> str:
    """What decides which faces and labels a data set gives, where it is not the default."""
    clock = [f"clock.{pair}" for pair in splits.chosen(part.clock).split(", ") if pair]
    fold = [f"{name}={value}" for name, value in part.fold.settings().items()]
    return ", ".join([*filter(None, [splits.chosen(part.options)]), *fold, *clock])


def require_same(folder: pathlib.Path, conditions: EvaluationConditions) -> None:
    """UsageError where the folder holds an evaluation under other conditions; of another step it is written anew."""
    try:
        there = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["conditions"]
    except (OSError, ValueError, KeyError):
        return
    mine = json.loads(json.dumps(dataclasses.asdict(conditions)))
    for name in sorted(set(mine) - {"checkpoint_step"}):
        if there.get(name) != mine[name]:
            raise UsageError(
                f"{folder} holds an evaluation of {name} '{there.get(name)}', this one has '{mine[name]}'; "
                "choose a --name for it, or remove that folder"
            )


def source_of(run: Options, data: str, root: str, split: str, settings: Sequence[str]) -> SourceConfig:
    """The data set to judge on: the run's own options for that reader, if it has any, with root and split replaced.

    Where the run has an evaluation on that reader, labels are moved and smoothed as there, because how late raters
    answer is a matter of them and their tool; on the same split it is also the same fold of the subjects. The
    evaluation that chooses the checkpoint comes first. Settings such as
    "clock.delay_seconds=2" and "fold.of=5" say otherwise; "fold.of=1" takes all subjects.
    """
    _, cls = lookup(READERS, data, "--data")
    known: Mapping[str, Any] = {}
    held = [part for part in _evaluations(run) if part.reader == data]
    for part in [*run.data.train.values(), *reversed(held)]:
        if part.reader == data:
            known = dataclasses.asdict(part.options)
    given = {**known, "split": split, **({"root": root} if root else {})}
    clock = dataclasses.asdict(held[0].clock) if held else {}
    chosen = _chosen(settings)
    options = typed(cls, {**given, **chosen[""]}, f"--data={data}")
    clock = typed(LabelClockConfig, {**clock, **chosen["clock"]}, "--set=clock")
    part = SourceConfig(data, options, clock=clock, fold=typed(FoldConfig, chosen["fold"], "--set=fold"))
    same = [other.fold for other in held if splits.same_split(other, part)]
    return part if chosen["fold"] or not same else dataclasses.replace(part, fold=same[0])


def _evaluations(run: Options) -> list[SourceConfig]:
    """The data sets of a run's evaluations, the one that chooses the checkpoint first."""
    names = sorted(run.evaluations, key=lambda name: name != run.train.best_evaluation)
    return [run.evaluations[name] for name in names]


def _chosen(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Values of "name=value" by section, "" for the reader's own options; UsageError for other forms."""
    found: dict[str, dict[str, Any]] = {"": {}, **{section: {} for section in EXAMPLES}}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set={setting}: expected name=value")
        section, dot, option = name.partition(".")
        if section in EXAMPLES and not dot:
            raise UsageError(f"--set={setting}: {section} is a section; set its options, such as {EXAMPLES[section]}")
        place, field = (section, option) if section in EXAMPLES else ("", name)
        found[place][field] = _value(text)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
