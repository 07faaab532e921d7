"""Options of the data: one section per data set, and how clips are sampled from all of them."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS
from affect_jax.data.stored_faces import StoredConfig
from affect_jax.data.windows import WindowConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import named, section, typed

WHOLE, PLAIN_CLOCK = FoldConfig(), LabelClockConfig()


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One data set of a run."""

    reader: str  # name in data/registry.py
    options: Any  # the reader's own Config
    weight: float = 1.0  # relative share of the training examples
    fold: FoldConfig = WHOLE  # which subjects to use
    clock: LabelClockConfig = PLAIN_CLOCK  # delay and smoothing of its labels over time


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """The training data and its clips; converted networks were trained elsewhere and have no data sets."""

    train: Mapping[str, SourceConfig]  # by name
    frames: int = 0  # frames per clip; 0 = single images
    # Frames between the starts of training clips; 0 = half a clip. At most a clip, except for networks that predict the
    # newest frame of a clip.
    hop: int = 0
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)  # frame rate, starts and speeds of clips
    balanced: float = 0.0  # 0: the natural class frequencies; 1: classes equally often, with replacement; or in between
    max_skipped_fraction: float = 0.01  # unreadable images of a data set tolerated before the run stops
    # Cache folder for decoded or rendered examples; "" = none. Relative to the folder that a command is started in;
    # only training creates it.
    store: str = ""
    stored: StoredConfig = dataclasses.field(default_factory=StoredConfig)  # how the store keeps images
    # Processes that read and crop the training images; 0 = two threads of the training process. The batches are the
    # same. A worker holds a copy of the labels, and three finished batches are kept for each in /dev/shm.
    workers: int = 0

    def __post_init__(self):
        if self.stored.crop_px and not self.store:
            raise ValueError(f"data.stored.crop_px is {self.stored.crop_px}, but there is no store; set data.store")
        if self.workers < 0:
            raise ValueError(f"data.workers is {self.workers}; expected a number of processes, or 0 for threads")
        if self.frames < 0 or self.hop < 0:
            raise ValueError(f"data.frames is {self.frames} and data.hop {self.hop}; neither can be negative")
        for name in ("balanced", "max_skipped_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"data.{name} is {getattr(self, name)}; expected a number from 0 to 1")


def source_config(options: Mapping[str, Any], where: str) -> SourceConfig:
    """Parses the section of one data set."""
    rest = {"weight": 1.0, "fold": {}, "clock": {}, **options}
    fold = typed(FoldConfig, section(rest, "fold", f"{where}."), f"{where}.fold")
    clock = typed(LabelClockConfig, section(rest, "clock", f"{where}."), f"{where}.clock")
    common = {"weight": rest.pop("weight"), "fold": fold, "clock": clock}
    del rest["fold"], rest["clock"]
    reader, config = named(READERS, rest, where, key="reader")
    require_root(config, f"{where}.root")
    made = typed(SourceConfig, {"reader": reader, "options": config, **common}, where)
    if not made.weight > 0:
        raise UsageError(f"{where}.weight is {made.weight}; it must be above 0")
    return made


def require_root(reader_options: Any, root: str) -> None:
    """UsageError if a reader that needs a folder is given none: an empty path would be the current folder.

    `root` is what the user calls the folder of the data set.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(reader_options)}
    if defaults.get("root") is dataclasses.MISSING and not reader_options.root.strip():
        raise UsageError(f"{root} is empty; expected the folder of the data set")


def source_configs(sections: Mapping[str, Any], where: str) -> dict[str, SourceConfig]:
    """Parses the sections of several named data sets."""
    return {name: source_config(section(sections, name, f"{where}."), f"{where}.{name}") for name in sections}


def evaluation_configs(sections: Mapping[str, Any]) -> dict[str, SourceConfig]:
    """The data sets evaluated during training, by name; UsageError for a name that cannot prefix a score."""
    for name in sections:
        if not re.fullmatch(r"\w+", name) or name == "train":
            raise UsageError(
                f"evaluations.{name}: expected a name of letters, digits and underscores other than 'train', which is "
                "the prefix of logged losses"
            )
    return source_configs(sections, "evaluations")


def data_config(data: Mapping[str, Any]) -> DataConfig:
    """Parses the section `data`; UsageError names the first invalid option."""
    train = source_configs(section(data, "train", "data."), "data.train")
    windows = typed(WindowConfig, section({"windows": data.get("windows", {})}, "windows", "data."), "data.windows")
    stored = typed(StoredConfig, section({"stored": data.get("stored", {})}, "stored", "data."), "data.stored")
    made = typed(DataConfig, {**data, "train": train, "windows": windows, "stored": stored}, "data")
    if not made.frames and (windows != WindowConfig() or made.hop):
        name = "hop" if windows == WindowConfig() else "windows"
        raise UsageError(f"data.{name} is for clips; set data.frames, or leave it at its default")
    return made
