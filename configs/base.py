"""Every option of a run with its unit and default, section by section.

The fields, units and defaults of a section are those of its dataclass, so that no option stands in two places:
train, optimizer, mesh, crop, augment, initialize, task (by name), model (by name), and one section a data set (by
reader).
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ml_collections import ConfigDict

from affect_jax.data.augment import AugmentConfig, CropConfig
from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS
from affect_jax.data.windows import WindowConfig
from affect_jax.experiment.config.options import InitializeConfig
from affect_jax.experiment.config.typed import typed
from affect_jax.models.contract import model_options
from affect_jax.models.registry import MODELS
from affect_jax.tasks.registry import TASKS
from affect_jax.train.loop import TrainConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.optimizer import OptimizerConfig

NOTHING: Mapping[str, Any] = MappingProxyType({})


def section(cls, **options) -> ConfigDict:
    """The fields of a config dataclass with their defaults, some of them replaced; sections within it likewise."""
    return ConfigDict(dataclasses.asdict(typed(cls, options, cls.__name__)))


def model(name: str, **options) -> ConfigDict:
    """A network of the registry; the number of emotions is not an option: it follows from the label set."""
    return ConfigDict({"name": name, **model_options(typed(MODELS[name][1], options, "model"))})


def task(name: str, **options) -> ConfigDict:
    """A task of the registry."""
    return ConfigDict({"name": name, **dataclasses.asdict(TASKS[name][1](**options))})


def data_set(
    reader: str,
    weight: float = 1.0,
    fold: Mapping[str, Any] = NOTHING,
    clock: Mapping[str, Any] = NOTHING,
    **options,
) -> ConfigDict:
    """A data set: `weight` is its share of the training examples, `fold` the part of its subjects (data/folds.py), and
    `clock` says how the labels of its clips are aligned with the frames (data/label_clock.py)."""
    sections = {"fold": section(FoldConfig, **fold), "clock": section(LabelClockConfig, **clock)}
    return ConfigDict(
        {"reader": reader, "weight": weight, **sections, **dataclasses.asdict(READERS[reader][1](**options))}
    )


def divided(reader: str, of: int, weight: float = 1.0, **options) -> tuple[ConfigDict, ConfigDict]:
    """A data set in two parts that share no subject: all but fold 0 of `of`, and that fold; one root for both."""
    train = data_set(reader, weight, {"of": of, "complement": True}, **options)
    held = data_set(reader, fold={"of": of}, **options)
    held.root = train.get_ref("root")
    return train, held


def base() -> ConfigDict:
    """A run without model, task and data, which every config adds."""
    return ConfigDict(
        {
            "seed": 0,  # of first numbers, order, augmentation, dropout and shake-shake
            "batch_size": 32,  # examples a step over all devices; a clip counts as one
            "label_set": "affectnet_8",  # emotions.LABEL_SETS
            "frozen": "",  # regular expression over parameter paths that nothing moves
            "fixed_statistics": "",  # the same over layers, such as "head/.*": norms whose running statistics training
            # uses and keeps, though their parameters may be trained; for small batches of clips
            "train": section(TrainConfig),
            "optimizer": section(OptimizerConfig),
            "initialize": section(InitializeConfig),
            "mesh": section(MeshConfig),
            "crop": section(CropConfig),
            "augment": section(AugmentConfig),
            "data": {
                "train": {},  # name -> data_set(...)
                "frames": 0,  # frames a clip; 0 = single pictures
                "hop": 0,  # frames between the starts of training clips; 0 = half a clip
                "windows": section(WindowConfig),
                "balanced": 0.0,  # 0: emotions as they come; 1: each equally often; between: part of the way
                "max_skipped_fraction": 0.01,  # pictures of a data set that may break on reading before the run stops
                "store": "",  # folder where rendered or decoded examples are kept between runs
            },
            "evaluations": {},  # name -> data_set(...), scored while training; train.best names the one that chooses
        }
    )
