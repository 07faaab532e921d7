"""Evaluates a trained workdir on a data set; the network is rebuilt from the workdir alone."""

import dataclasses
import json
import pathlib
import re
from collections.abc import Sequence
from typing import Any

import jax
from absl import logging

from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS, WITHOUT_IMAGES
from affect_jax.data.source import labeled_quantities
from affect_jax.evaluate.collect import collect
from affect_jax.evaluate.flip import with_flip_averaging
from affect_jax.evaluate.summary import EvaluationConditions, write_summary
from affect_jax.experiment import flip_averaging, restore, splits
from affect_jax.experiment.config.data import SourceConfig, require_root
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.config.settings import SETTING, parse_settings
from affect_jax.experiment.config.typed import lookup, typed
from affect_jax.experiment.data import SKIPPED, evaluation_batches, existing_store, open_source
from affect_jax.experiment.network import make_predict
from affect_jax.files.disk import require_writable
from affect_jax.files.json_files import read_object
from affect_jax.nn.network import names
from affect_jax.ops.geometry import crop_name
from affect_jax.personal.digest import network_digest
from affect_jax.tables.rows import Rows
from affect_jax.tables.writing import write_rows


def evaluate_run(
    workdir: pathlib.Path,
    data: str,
    root: str,
    split: str,
    settings: Sequence[str],
    flip: Sequence[str] = (),
    name: str = "",
    precision: str = "float32",
    output: pathlib.Path | None = None,
) -> tuple[pathlib.Path, dict]:
    """Writes summary.json and predictions.csv to W/evaluation/<name>, or to `output`; returns folder and summary.

    `flip` names the quantities that are averaged over each image and its mirror image.
    """
    if name and output:
        raise UsageError(f"--name={name} names a folder in the workdir; give only one of --name and --output")
    folder = output or workdir / "evaluation" / (name or _default_name(data, split, flip, precision))
    placement = restore.evaluation_placement(workdir)
    require_writable(folder, remedy="choose another folder with --output")
    run, network, variables, step = restore.restore_run(workdir, placement)
    part = evaluation_source(run, data, root, split, settings)
    splits.warn_of_training_data(run, part)
    averaged = flip_averaging.checked(workdir, run.contract, run.task.quantities, flip)
    conditions = conditions_of(run, part, averaged, step)
    require_same_conditions(folder, conditions)
    source = open_source(part, run.label_set, existing_store(run), str(folder / SKIPPED))
    predict = make_predict(network, placement, precision)
    function = lambda batch: predict(variables, batch)
    flip_averaging.warn_if_unscored(averaged, labeled_quantities(source))
    rows = collect(
        with_flip_averaging(function, averaged) if averaged else function,
        evaluation_batches(run, source, folder),
        source.examples,
        run.task.quantities,
        run.label_set,
        run.contract.input_px,
    )
    digest = network_digest(jax.device_get(names(variables)))
    return folder, _write(rows, folder, conditions, f"{workdir.name}@{step}", digest)


def _write(rows: Rows, folder: pathlib.Path, conditions: EvaluationConditions, model: str, digest: str) -> dict:
    """Writes predictions.csv and summary.json to a folder; returns the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(rows, folder / "predictions.csv", model, conditions.crop, digest)
    summary = write_summary(rows, conditions, folder)
    logging.info("wrote summary.json and predictions.csv to %s", folder)
    return summary


def _default_name(data: str, split: str, flip: Sequence[str], precision: str) -> str:
    """The folder of an evaluation that was given no name; a split such as a/b is not a folder of its own."""
    parts = [data, re.sub(r"[^\w.+-]+", "_", split)]
    if flip:
        parts += ["flip", *sorted(flip)]
    if precision != "float32":
        parts.append(precision)
    return "_".join(parts)


def conditions_of(run: Options, part: SourceConfig, flip: Sequence[str], step: int) -> EvaluationConditions:
    """The conditions under which a run is evaluated; `flip` names the quantities averaged over mirror images."""
    crop = crop_name(run.contract.input_px, run.crop) if run.contract.takes != "features" else "that of the features"
    return EvaluationConditions(
        part.reader, part.options.split, crop, run.label_set, tuple(flip), step, data_conditions(part)
    )


def data_conditions(part: SourceConfig) -> str:
    """The options that determine the faces and labels of a data set and differ from their defaults."""
    reader = splits.non_default_options(part.options)
    is_folder = part.options.own_split == str(pathlib.Path(part.options.root).resolve())
    folder = [f"root={part.options.root}"] if is_folder else []
    fold = [f"{name}={value}" for name, value in part.fold.settings().items()]
    clock = [f"clock.{pair}" for pair in splits.non_default_options(part.clock).split(", ") if pair]
    return ", ".join(filter(None, [reader] + folder + fold + clock))


def require_same_conditions(folder: pathlib.Path, conditions: EvaluationConditions) -> None:
    """UsageError if the folder holds an evaluation under other conditions; one of another step is overwritten."""
    try:
        existing = dict(read_object(folder / "summary.json", "it will be overwritten")["conditions"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    mine = json.loads(json.dumps(dataclasses.asdict(conditions)))
    for name in sorted(set(mine) - {"checkpoint_step"}):
        if existing.get(name) != mine[name]:
            raise UsageError(
                f"{folder} holds an evaluation of {name} '{existing.get(name)}', this one has '{mine[name]}'; "
                "choose another --name or --output, or remove that folder"
            )


def evaluation_source(run: Options, data: str, root: str, split: str, settings: Sequence[str]) -> SourceConfig:
    """The data set to evaluate on: the run's own options for that reader, if any, with root and split replaced.

    If the run has an evaluation on that reader, the label clock is taken from there, because annotation delay depends
    on the raters and their tool; on the same split, so is the fold of the subjects. The evaluation that selects the
    checkpoint takes precedence. Settings such as "clock.delay_seconds=2" and "fold.of=5" override this; "fold.of=1"
    uses all subjects.
    """
    _, cls = lookup(READERS, data, "--data")
    if data in WITHOUT_IMAGES and run.contract.takes != "features":
        raise UsageError(
            f"--data={data} has no images, but the network takes {run.contract.takes}; give the data set that the "
            "features were stored from, or the workdir of a network that takes features"
        )
    held = [part for part in _evaluations(run) if part.reader == data]
    trained = [part for part in run.data.train.values() if part.reader == data]
    precedence = held + trained[::-1]
    known: dict[str, Any] = dataclasses.asdict(precedence[0].options) if precedence else {}
    known["split"] = split
    if root:
        known["root"] = root
    clock = dataclasses.asdict(held[0].clock) if held else {}
    given = parse_settings(settings)
    options = typed(cls, {**known, **given[""]}, SETTING)
    require_root(options, "--data_root")
    clock = typed(LabelClockConfig, {**clock, **given["clock"]}, f"{SETTING}=clock")
    part = SourceConfig(data, options, clock=clock, fold=typed(FoldConfig, given["fold"], f"{SETTING}=fold"))
    if given["fold"]:
        return part
    folds = [other.fold for other in held if splits.same_split(other, part)]
    return dataclasses.replace(part, fold=folds[0]) if folds else part


def _evaluations(run: Options) -> list[SourceConfig]:
    """The data sets of a run's evaluations, starting with the one that selects the checkpoint."""
    names = sorted(run.evaluations, key=lambda name: name != run.train.best_evaluation)
    return [run.evaluations[name] for name in names]
