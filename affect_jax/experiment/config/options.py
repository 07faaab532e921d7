"""Options: from the nested dict of a config file to one frozen dataclass a section, and to config.json and back."""

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from affect_jax.data.augment import AugmentConfig, CropConfig
from affect_jax.emotions import LABEL_SETS
from affect_jax.experiment.config.data import DataConfig, SourceConfig, data_config, evaluation_configs
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import lookup, named, section, typed
from affect_jax.files.atomic import replacing
from affect_jax.models.contract import Contract, ModelConfig
from affect_jax.models.registry import MODELS
from affect_jax.tasks.registry import TASKS
from affect_jax.train.loop import TrainConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.optimizer import OptimizerConfig

CONFIG = "config.json"
MADE = ("converted", "factorized", "pruned")  # rules of runs that are made out of something else, not trained
REPAIR = "restore it from a copy, or train anew in another --workdir"
Config = Mapping[str, Any] | ConfigDict  # as a config file makes it, or as config.json holds it


@dataclasses.dataclass(frozen=True)
class InitializeConfig:
    """Where the first numbers come from."""

    rule: str = "scratch"  # scratch | copy (every array of the other run that this network has) | inflate |
    # inflate_mean (each kernel shared among the frames) | of runs that commands write: converted, factorized, pruned
    workdir: str = ""  # the other run; for "converted" the name of the file it came from

    def __post_init__(self):
        if self.rule not in ("scratch", "copy", "inflate", "inflate_mean", *MADE):
            raise ValueError(f"initialize.rule is '{self.rule}'; choose scratch, copy, inflate or inflate_mean")
        if (self.rule == "scratch") != (not self.workdir):
            raise ValueError(
                f"initialize.rule '{self.rule}' and initialize.workdir '{self.workdir}' do not go together"
            )


@dataclasses.dataclass(frozen=True)
class Options:
    """All options of a run, typed."""

    seed: int
    batch_size: int  # examples a step over all devices; clips count as one
    label_set: str  # emotions.LABEL_SETS; the order of the emotion outputs
    frozen: str  # regular expression over parameter paths that nothing moves; "" = none
    model: ModelConfig
    model_name: str
    task: Any
    train: TrainConfig
    optimizer: OptimizerConfig
    initialize: InitializeConfig
    mesh: MeshConfig
    crop: CropConfig
    augment: AugmentConfig
    data: DataConfig
    evaluations: Mapping[str, SourceConfig]  # data sets that are scored while training, by name
    fixed_statistics: str = ""  # regular expression over layers whose running statistics training uses and keeps

    @property
    def contract(self) -> Contract:
        """What the network takes and predicts."""
        return self.model.contract

    @property
    def predicts_affect(self) -> bool:
        """Whether the network predicts affect: emotions, and where they lie on the circumplex."""
        return "emotion" in self.contract.predicts

    @property
    def teacher(self) -> str:
        """Workdir of the network that is learned from; "" = none."""
        return getattr(self.task.config, "teacher", "")


def parse(config: Config) -> Options:
    """Typed options of a whole config; UsageError names the first that is wrong."""
    rest = as_dict(config)
    model_name, model = named(MODELS, section(rest, "model"), "model")
    task_name, task = named(TASKS, section(rest, "task"), "task")
    sections = {
        "train": TrainConfig,
        "optimizer": OptimizerConfig,
        "initialize": InitializeConfig,
        "mesh": MeshConfig,
        "crop": CropConfig,
        "augment": AugmentConfig,
    }
    made = {name: typed(cls, section(rest, name), name) for name, cls in sections.items()}
    made["data"] = data_config(section(rest, "data"))
    made["evaluations"] = evaluation_configs(section(rest, "evaluations"))
    made |= {"model": model, "model_name": model_name, "task": TASKS[task_name][0](task)}
    options = typed(Options, {**rest, **made}, "config")
    lookup(LABEL_SETS, options.label_set, "label_set")
    return options


def check_trainable(run: Options) -> None:
    """UsageError if a run has nothing to learn from, or no evaluation that chooses its checkpoint."""
    if run.initialize.rule in MADE:
        raise UsageError(
            f"this config is that of a network {run.initialize.rule} from {run.initialize.workdir}; to train on from "
            "it, give a config of your own with initialize.rule=copy and initialize.workdir=<the "
            f"{run.initialize.rule} workdir>"
        )
    for place, found in (("data.train", run.data.train), ("evaluations", run.evaluations)):
        if not found:
            raise UsageError(f"{place} is empty; name at least one data set")
    if run.train.best_evaluation not in run.evaluations:
        raise UsageError(
            f"train.best is '{run.train.best}'; expected the name of an evaluation, a slash and one of its scores, "
            f"such as '{next(iter(run.evaluations))}/ccc/mean'; evaluations: {', '.join(run.evaluations)}"
        )


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
        there = read(workdir)
        changed = differences(there, wanted)
        if changed and not _same(there, wanted):
            raise UsageError(
                f"{workdir} holds a run of another config ({'; '.join(changed[:3])}"
                f"{f'; {len(changed) - 3} more' if len(changed) > 3 else ''}). "
                "Choose another --workdir, or give the options of that run to go on with it"
            )
        return
    workdir.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(json.dumps(wanted, indent=1) + "\n")


def _same(one: Config, other: Config) -> bool:
    """Whether two configs are those of one run: an option that is missing in the older has its default there."""
    try:
        return parse(one) == parse(other)
    except UsageError:
        return False


def read(workdir: pathlib.Path) -> dict[str, Any]:
    """The config of a workdir; UsageError if there is none."""
    path = workdir / CONFIG
    if not path.is_file():
        raise UsageError(f"{workdir} is no workdir of a run: it has no {CONFIG}. Train first: python -m launch.train")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {error.lineno}: not valid JSON ({error.msg}); {REPAIR}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not a text file ({error.reason} at byte {error.start}); {REPAIR}") from error
    if not isinstance(config, dict):
        raise UsageError(f"{path} holds {type(config).__name__} instead of the sections of a config; {REPAIR}")
    return config


def stored(workdir: pathlib.Path) -> Options:
    """The typed options of a workdir; UsageError names config.json."""
    config = read(workdir)
    try:
        return parse(config)
    except UsageError as error:
        raise UsageError(
            f"{workdir / CONFIG}: {error}. The file was changed, or another version of this package wrote it; {REPAIR}"
        ) from error
