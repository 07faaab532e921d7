"""All options of a run with units and defaults, section by section.

Each section comes from its dataclass, so that no option is defined twice; task, model and data sets are chosen by name.
"""

import dataclasses

from ml_collections import ConfigDict

from affect_jax.data.augment import AugmentConfig
from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS
from affect_jax.experiment.config.data import DataConfig
from affect_jax.experiment.config.options import InitializeConfig
from affect_jax.experiment.config.typed import typed
from affect_jax.models.contract import model_options
from affect_jax.models.registry import MODELS
from affect_jax.ops.geometry import CropConfig
from affect_jax.tasks.registry import TASKS
from affect_jax.train.loop_config import TrainConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.optimizer import OptimizerConfig


def section(cls, **options) -> ConfigDict:
    """The fields of a config dataclass with their defaults, except for `options`; nested sections likewise."""
    return ConfigDict(dataclasses.asdict(typed(cls, options, cls.__name__)))


def model(name: str, **options) -> ConfigDict:
    """A network from the registry; the number of emotions is not an option but follows from the label set."""
    return ConfigDict({"name": name, **model_options(typed(MODELS[name][1], options, "model"))})


def task(name: str, **options) -> ConfigDict:
    """A task from the registry."""
    return ConfigDict({"name": name, **dataclasses.asdict(TASKS[name][1](**options))})


def data_set(
    reader: str, weight: float = 1.0, fold: dict | None = None, clock: dict | None = None, **options
) -> ConfigDict:
    """A data set; `weight` is its share of the training examples.

    `fold` selects subjects (data/folds.py), and `clock` aligns the labels of clips (data/label_clock.py).
    """
    chosen = {"fold": section(FoldConfig, **(fold or {})), "clock": section(LabelClockConfig, **(clock or {}))}
    fields = dataclasses.asdict(READERS[reader][1](**options))
    return ConfigDict({"reader": reader, "weight": weight, **chosen, **fields})


def split_off(reader: str, of: int, weight: float = 1.0, **options) -> tuple[ConfigDict, ConfigDict]:
    """Splits a data set by subject into all folds but one of `of`, and that fold; the two share root and fold index."""
    train = data_set(reader, weight, {"of": of, "complement": True}, **options)
    held_out = data_set(reader, fold={"of": of}, **options)
    held_out.root = train.get_ref("root")
    held_out.fold.index = train.fold.get_ref("index")
    return train, held_out


def base() -> ConfigDict:
    """A run without a model, task and data, which each config adds."""
    return ConfigDict(
        {
            "seed": 0,  # of initialization, data order, augmentation, dropout and shake-shake
            "batch_size": 32,  # examples per step over all devices; a clip counts as one
            "label_set": "affectnet_8",  # see emotions.LABEL_SETS
            "frozen": "",  # regular expression for the paths of parameters that are not trained
            "fixed_statistics": "",  # regular expression for the paths of norms that train on running statistics
            "train": section(TrainConfig),
            "optimizer": section(OptimizerConfig),
            "initialize": section(InitializeConfig),
            "mesh": section(MeshConfig),
            "crop": section(CropConfig),
            "augment": section(AugmentConfig),
            "data": section(DataConfig, train={}),  # train: name -> data_set(...)
            "evaluations": {},  # name -> data_set(...), evaluated during training; train.best selects the checkpoint
        }
    )
