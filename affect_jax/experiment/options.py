"""Options: from the nested dict of a config file to one frozen dataclass a section, and to config.json and back."""

import dataclasses
import difflib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.registry import READERS
from affect_jax.emotions import names
from affect_jax.experiment.errors import UsageError
from affect_jax.models.registry import MODELS
from affect_jax.ops.files import replacing
from affect_jax.tasks.registry import TASKS
from affect_jax.train.loop import LoopConfig
from affect_jax.train.optimiser import OptimiserConfig

CONFIG = "config.json"
Config = Mapping[str, Any] | ConfigDict  # as a config file makes it, or as config.json holds it


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One data set of a run."""

    reader: str  # name in data/registry.py
    options: Any  # the reader's own Config
    weight: float = 1.0  # share of the training examples drawn from it
    fold: str = ""  # "k/n": fold k of n of its subjects; "-k/n": all but that fold; "": all


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """What is read, and how it is cut; a converted network was trained elsewhere and names no data sets."""

    train: Mapping[str, SourceConfig]
    validation: SourceConfig | None  # scored while training; decides which checkpoint is best
    frames: int = 0  # frames a clip; 0 = single pictures
    hop: int = 0  # frames between the starts of training clips; 0 = half a clip
    balanced: float = 0.0  # 0: emotions as they come; 1: each equally often, with replacement; between: part of the way
    max_skipped_fraction: float = 0.01  # of the pictures of a data set that may break on reading before the run stops
    store: str = ""  # folder where decoded or rendered examples are kept between runs; "" = none


@dataclasses.dataclass(frozen=True)
class InitialiseConfig:
    """Where the first numbers come from."""

    rule: str = "scratch"  # scratch | copy (every array of the other run that this network has) | inflate | converted
    workdir: str = ""  # the other run; for "converted" the name of the file it came from

    def __post_init__(self):
        if self.rule not in ("scratch", "copy", "inflate", "converted"):
            raise ValueError(f"initialise.rule is '{self.rule}'; choose scratch, copy or inflate")
        if (self.rule == "scratch") != (not self.workdir):
            raise ValueError(
                f"initialise.rule '{self.rule}' and initialise.workdir '{self.workdir}' do not go together"
            )


@dataclasses.dataclass(frozen=True)
class Options:
    """All options of a run, typed."""

    seed: int
    batch: int  # examples a step over all devices; clips count as one
    label_set: str  # emotions.LABEL_SETS; the order of the emotion outputs
    frozen: str  # regular expression over parameter paths that nothing moves; "" = none
    model: Any
    model_name: str
    task: Any
    loop: LoopConfig
    optimiser: OptimiserConfig
    initialise: InitialiseConfig
    augment: AugmentConfig
    data: DataConfig

    @property
    def predicts_affect(self) -> bool:
        """Whether the network has heads for valence, arousal and emotions."""
        return hasattr(self.model, "emotions")

    @property
    def teacher(self) -> str:
        """Workdir of the network that is learnt from; "" = none."""
        return getattr(self.task.config, "teacher", "")


def lookup(table: Mapping[str, Any], name: str, kind: str) -> Any:
    """Entry of a registry; UsageError lists the good names."""
    if name not in table:
        raise UsageError(f"unknown {kind} '{name}'; choose one of {', '.join(sorted(table))}")
    return table[name]


def typed(cls, options: Mapping[str, Any], where: str):
    """Builds dataclass `cls`, naming every field that does not belong, with the nearest one that does."""
    known = {field.name for field in dataclasses.fields(cls)}
    for name in sorted(set(options) - known):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {where}.{near[0]}?" if near else f"; it has {', '.join(sorted(known))}"
        raise UsageError(f"{where} has no option '{name}'{hint}")
    try:
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in options.items()})
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from error


def named(table: Mapping[str, tuple], options: Mapping[str, Any], where: str, key: str = "name") -> tuple[str, Any]:
    """(name, typed options) of a section whose `key` chooses the entry of a registry."""
    rest = dict(options)
    name = rest.pop(key, "")
    _, cls = lookup(table, name, f"{where}.{key}")
    return name, typed(cls, rest, where)


def source_config(options: Mapping[str, Any], where: str) -> SourceConfig:
    """One data set out of its section."""
    rest = dict(options)
    weight, fold = rest.pop("weight", 1.0), rest.pop("fold", "")
    if not weight > 0:
        raise UsageError(f"{where}.weight is {weight}; it must be above 0")
    reader, config = named(READERS, rest, where, key="reader")
    return SourceConfig(reader, config, weight, fold)


def parse(config: Config) -> Options:
    """Typed options of a whole config; UsageError names the first that is wrong."""
    rest = as_dict(config)
    model_name, model = named(MODELS, rest.pop("model"), "model")
    task_name, task = named(TASKS, rest.pop("task"), "task")
    data = rest.pop("data")
    train = {name: source_config(part, f"data.train.{name}") for name, part in data.pop("train").items()}
    validation = data.pop("validation", None)
    validation = source_config(validation, "data.validation") if validation else None
    sections = {
        "loop": LoopConfig,
        "optimiser": OptimiserConfig,
        "initialise": InitialiseConfig,
        "augment": AugmentConfig,
    }
    made = {name: typed(cls, rest.pop(name), name) for name, cls in sections.items()}
    made["data"] = typed(DataConfig, {"train": train, "validation": validation, **data}, "data")
    options = typed(
        Options, {**rest, "model": model, "model_name": model_name, "task": TASKS[task_name][0](task), **made}, "config"
    )
    names(options.label_set)
    return options


def check_trainable(run: Options) -> None:
    """UsageError if a run has nothing to learn from or to be judged on."""
    if run.initialise.rule == "converted":
        raise UsageError(
            f"this config is that of a network converted from {run.initialise.workdir}; to train on from it, give a "
            "config of your own with initialise.rule=copy and initialise.workdir=<the converted workdir>"
        )
    if not run.data.train or run.data.validation is None:
        missing = "data.validation" if run.data.train else "data.train"
        raise UsageError(f"{missing} is empty; name at least one data set")


def as_dict(config: Any) -> Any:
    """A config as plain dicts, lists and numbers."""
    if isinstance(config, Mapping) or hasattr(config, "items"):
        return {name: as_dict(value) for name, value in config.items()}
    return list(config) if isinstance(config, tuple) else config


def differences(one: Mapping, other: Mapping, where: str = "") -> list[str]:
    """Dotted names at which two configs differ, with both values."""
    found = []
    for name in sorted({*one, *other}):
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found += differences(mine, theirs, f"{where}{name}.")
        elif mine != theirs:
            found.append(f"{where}{name}: {mine!r} there, {theirs!r} now")
    return found


def claim(workdir: pathlib.Path, config: Config) -> None:
    """Makes `workdir` that of `config`, writing config.json; UsageError if it belongs to another config."""
    path = workdir / CONFIG
    wanted = json.loads(json.dumps(as_dict(config)))
    if path.exists():
        if changed := differences(read(workdir), wanted):
            raise UsageError(
                f"{workdir} holds a run of another config ({'; '.join(changed[:3])}"
                f"{f'; {len(changed) - 3} more' if len(changed) > 3 else ''}). "
                "Choose another --workdir, or give the options of that run to go on with it"
            )
        return
    workdir.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(wanted, indent=1) + "\n")


def read(workdir: pathlib.Path) -> dict[str, Any]:
    """The config of a workdir; UsageError if there is none."""
    path = workdir / CONFIG
    if not path.is_file():
        raise UsageError(f"{workdir} is no workdir of a run: it has no {CONFIG}. Train first: python -m launch.train")
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{path}, line {error.lineno}: not valid JSON ({error.msg}); restore it or start anew"
        ) from error
