"""What a model declares to the rest of the program; nothing outside this package asks a model anything else.

A config declares it in a property `contract`. A network of landmarks needs no more than

    @dataclasses.dataclass(frozen=True)
    class SmallConfig:
        emotions: int = 8
        contract = Contract(takes="landmarks", predicts=("emotion",), input_px=64)

and an `nnx.Module` whose `__init__` takes `(config, *, rngs)`.
"""

import dataclasses
from typing import Any, Protocol, TypeVar, runtime_checkable

from affect_jax.nn.execution import check_execution

INPUTS = ("images", "landmarks", "features")
FROM_LABEL_SET = "emotions"  # field of a config that is not an option: it follows from the run's label set


@dataclasses.dataclass(frozen=True)
class Contract:
    """What a model takes and gives.

    takes: "images", "landmarks" or "features".
    predicts: quantities by name, such as "valence_arousal", "emotion" and "landmarks". The config of a model that
        predicts "emotion" has a field `emotions`, their number.
    input_px: height and width of the crop that images are resized to and that landmarks are measured on.
    over_time: whether it takes clips, with a time axis after the batch axis, instead of single faces.
    causal: whether a frame's output depends on that and earlier frames only.
    execution: how it is computed, one of `nn.execution.EXECUTIONS`; only "auto" has anything measured.
    largest_map: numbers in the largest map of one image, by which a CPU evaluates as many images at once as fit its
        caches; 0: whole batches.
    """

    takes: str = "images"
    predicts: tuple[str, ...] = ()
    input_px: int = 0
    over_time: bool = False
    causal: bool = False
    execution: str = "direct"
    largest_map: int = 0

    def __post_init__(self):
        if self.takes not in INPUTS:
            raise ValueError(f"a model takes '{self.takes}'; choose one of {', '.join(INPUTS)}")
        check_execution(self.execution)


@runtime_checkable
class ModelConfig(Protocol):
    """A frozen dataclass of a model's options."""

    @property
    def contract(self) -> Contract:
        """What a model of these options declares."""
        ...


AnyConfig = TypeVar("AnyConfig", bound=ModelConfig)


def with_emotions(config: AnyConfig, count: int) -> AnyConfig:
    """The config for a label set of `count` emotions; unchanged where the model predicts none."""
    if "emotion" not in config.contract.predicts:
        return config
    return dataclasses.replace(config, **{FROM_LABEL_SET: count})


def model_options(config: ModelConfig) -> dict[str, Any]:
    """The options of a model as nested dicts of plain values."""
    options = dataclasses.asdict(config)
    options.pop(FROM_LABEL_SET, None)
    return options
