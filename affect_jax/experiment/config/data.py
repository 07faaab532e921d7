"""Options of the data: one section per data set, and how clips are cut out of all of them."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from affect_jax.data.folds import FoldConfig
from affect_jax.data.label_clock import LabelClockConfig
from affect_jax.data.registry import READERS
from affect_jax.data.windows import WindowConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.typed import named, section, typed

WHOLE, PLAIN_CLOCK = FoldConfig(), LabelClockConfig()


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """One data set of a run."""

    reader: str  # name in data/registry.py
    options: Any  # the reader's own Config
    weight: float = 1.0  # share of the training examples drawn from it
    fold: FoldConfig = WHOLE  # which of its subjects
    clock: LabelClockConfig = PLAIN_CLOCK  # labels of its clips: delay, smoothing


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """What is read, and how it is cut; a converted network was trained elsewhere and names no data sets."""

    train: Mapping[str, SourceConfig]
    frames: int = 0  # frames a clip; 0 = single pictures
    hop: int = 0  # frames between the starts of training clips; 0 = half a clip
    windows: WindowConfig = dataclasses.field(default_factory=WindowConfig)  # frame rate, starts and speeds of clips
    balanced: float = 0.0  # 0: emotions as they come; 1: each equally often, with replacement; between: part of the way
    max_skipped_fraction: float = 0.01  # of the pictures of a data set that may break on reading before the run stops
    store: str = ""  # folder where decoded or rendered examples are kept between runs; "" = none


def source_config(options: Mapping[str, Any], where: str) -> SourceConfig:
    """One data set out of its section."""
    rest = {"weight": 1.0, "fold": {}, "clock": {}, **options}
    fold = typed(FoldConfig, section(rest, "fold", f"{where}."), f"{where}.fold")
    clock = typed(LabelClockConfig, section(rest, "clock", f"{where}."), f"{where}.clock")
    common = {"weight": rest.pop("weight"), "fold": fold, "clock": clock}
    del rest["fold"], rest["clock"]
    reader, config = named(READERS, rest, where, key="reader")
    made = typed(SourceConfig, {"reader": reader, "options": config, **common}, where)
    if not made.weight > 0:
        raise UsageError(f"{where}.weight is {made.weight}; it must be above 0")
    return made


def source_configs(sections: Mapping[str, Any], where: str) -> dict[str, SourceConfig]:
    """Named data sets out of their sections."""
    return {name: source_config(section(sections, name, f"{where}."), f"{where}.{name}") for name in sections}


def evaluation_configs(sections: Mapping[str, Any]) -> dict[str, SourceConfig]:
    """The data sets that a run is evaluated on while it trains, by name; UsageError for a name that scores cannot
    stand under."""
    for name in sections:
        if not re.fullmatch(r"\w+", name) or name == "train":
            raise UsageError(
                f"evaluations.{name}: expected a name of letters, digits and underscores, and not 'train', under which "
                "losses are logged"
            )
    return source_configs(sections, "evaluations")


def data_config(data: Mapping[str, Any]) -> DataConfig:
    """The section of data; UsageError names the first option that is wrong."""
    train = source_configs(section(data, "train", "data."), "data.train")
    windows = typed(WindowConfig, section({"windows": data.get("windows", {})}, "windows", "data."), "data.windows")
    made = typed(DataConfig, {**data, "train": train, "windows": windows}, "data")
    if not made.frames and (windows != WindowConfig() or made.hop):
        name = "hop" if windows == WindowConfig() else "windows"
        raise UsageError(f"data.{name} is for clips; set data.frames, or leave it as it is")
    return made
