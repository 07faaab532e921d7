"""Options: parses the nested dict of a config file into one frozen dataclass per section."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from affect_jax.data.augment import AugmentConfig
from affect_jax.emotions import LABEL_SETS
from affect_jax.experiment.config.data import DataConfig, SourceConfig, data_config, evaluation_configs
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import lookup, named, section, typed
from affect_jax.files.paths import expand_home
from affect_jax.models.contract import Contract, ModelConfig
from affect_jax.models.registry import MODELS
from affect_jax.ops.geometry import CropConfig
from affect_jax.tasks.registry import TASKS
from affect_jax.train.loop_config import TrainConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.optimizer import OptimizerConfig

DERIVED = ("converted", "factorized", "pruned", "joined")  # rules of networks derived from others without training
SEEDS = 2**32
Config = Mapping[str, Any] | ConfigDict  # from a config file, or from config.json


@dataclasses.dataclass(frozen=True)
class InitializeConfig:
    """Where the initial weights come from."""

    # scratch | copy (every array of the other run) | inflate | inflate_mean (each kernel divided equally among the
    # frames; also intensity_inception -> intensity_i3d) | head (the last two layers of the other run, as every expert)
    # | converted, factorized, pruned or joined, which only the commands of these names write
    rule: str = "scratch"
    workdir: str = ""  # the other run; for "converted", the name of the source file

    def __post_init__(self):
        if self.rule not in ("scratch", "copy", "inflate", "inflate_mean", "head", *DERIVED):
            raise ValueError(f"initialize.rule is '{self.rule}'; choose scratch, copy, inflate, inflate_mean or head")
        if (self.rule == "scratch") != (not self.workdir):
            raise ValueError(
                f"initialize.rule '{self.rule}' and initialize.workdir '{self.workdir}' do not go together"
            )


@dataclasses.dataclass(frozen=True)
class Options:
    """All options of a run, typed."""

    seed: int  # of initial weights, data order, augmentation, dropout and shake-shake
    batch_size: int  # examples per step over all devices; a clip is one example
    label_set: str  # name in emotions.LABEL_SETS; sets the order of the emotion outputs
    frozen: str  # regular expression for paths of parameters that are not trained; "" = none
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
    evaluations: Mapping[str, SourceConfig]  # data sets evaluated during training, by name
    fixed_statistics: str = ""  # regular expression for the paths of norms, such as "head/.*", that use their running
    # statistics in training and leave them unchanged, even if their parameters are trained; for small batches of clips

    def __post_init__(self):
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}; it must be at least 1")
        if not 0 <= self.seed < SEEDS:
            raise ValueError(f"seed is {self.seed}; expected a number from 0 to {SEEDS - 1}")
        if self.data.frames and self.data.hop > self.data.frames and not self.contract.newest:
            raise ValueError(
                f"data.hop is {self.data.hop}, but data.frames {self.data.frames}: the frames in between would be left "
                "out; expected at most one clip, or 0 for half a clip"
            )

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
        """Workdir of the teacher network; "" = none."""
        return getattr(self.task.config, "teacher", "")


def parse(config: Config) -> Options:
    """Parses a whole config into typed options; UsageError names the first invalid one."""
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


def as_dict(config: Any) -> Any:
    """A config as plain dicts, lists and scalars, with ~ expanded in each path; UsageError for an unknown home."""
    if isinstance(config, Mapping) or hasattr(config, "items"):
        return {name: as_dict(value) for name, value in config.items()}
    if isinstance(config, str):
        try:
            return expand_home(config)
        except ValueError as error:
            raise UsageError(str(error)) from error
    return list(config) if isinstance(config, tuple) else config
