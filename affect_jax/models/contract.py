"""What a model declares about itself; code outside this package relies on nothing else.

A config declares it in a property `contract`. A network that takes landmarks needs only

    @dataclasses.dataclass(frozen=True)
    class SmallConfig:
        emotions: int = 8
        contract = Contract(takes="landmarks", predicts=("emotion",), input_px=64)

and an `nnx.Module` whose `__init__` takes `(config, *, rngs)`.
"""

import dataclasses
from typing import Any, Protocol, TypeVar, runtime_checkable

from affect_jax.nn.execution import check_execution
from affect_jax.types import LANDMARKS

INPUTS = ("images", "landmarks", "features")
FROM_LABEL_SET = "emotions"  # a config field that is not an option: the run's label set determines it


@dataclasses.dataclass(frozen=True)
class Contract:
    """What a model takes and predicts.

    takes: "images", "landmarks" or "features".
    predicts: names of quantities, such as "valence_arousal", "emotion" and "landmarks". If "emotion" is among them,
        the config has a field `emotions`, the number of emotions.
    input_px: height and width of the crop that images are resized to, and in whose pixels landmarks are given.
    over_time: whether it takes clips, with a time axis after the batch axis, instead of single faces.
    causal: whether the output for a frame depends only on that frame and earlier ones.
    newest: whether the output of a network of clips is that of the newest frame, repeated for the others.
    least_frames: fewest frames of a clip that it can take; 0: any.
    execution: how it is computed, one of `nn.execution.EXECUTIONS`; timings are measured only for "auto".
    splits_time: whether the frames of a clip can be split over devices in training: its layers exchange neighboring
        frames and never gather a clip, and its gradients were compared with those of one device.
    features: number of pooled features, the input of the head's last two layers, that the network gives beside its
        predictions if asked to (`models.features`); 0: none.
    outputs: paths of the layers behind the pooled features; a network of other quantities that copies the weights of
        this one leaves them out.
    largest_map: number of values in the largest feature map of one image. On a CPU, it determines how many images are
        evaluated at once so that they fit the caches; 0: whole batches.
    input_features: numbers per face that a network of features takes; 0 if only its data set knows.
    experts: number of experts, whose separate values are among the predictions of a network of experts; 0 without any.
    """

    takes: str = "images"
    predicts: tuple[str, ...] = ()
    input_px: int = 0
    over_time: bool = False
    causal: bool = False
    newest: bool = False
    least_frames: int = 0
    execution: str = "direct"
    splits_time: bool = False
    features: int = 0
    outputs: tuple[str, ...] = ()
    largest_map: int = 0
    input_features: int = 0
    experts: int = 0

    def __post_init__(self):
        if self.takes not in INPUTS:
            raise ValueError(f"a model takes '{self.takes}'; choose one of {', '.join(INPUTS)}")
        check_execution(self.execution)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input for one face; ValueError if only the data set knows it."""
        if self.takes == "features" and not self.input_features:
            raise ValueError("the network takes features, and only its data set knows how many numbers these are")
        shapes = {"images": (self.input_px, self.input_px, 3), "landmarks": (LANDMARKS, 2)}
        return shapes.get(self.takes, (self.input_features,))

    @property
    def input_size(self) -> str:
        """What the network takes of a face, for a reader: "256 px" or "64 features"."""
        return f"{self.input_features} features" if self.takes == "features" else f"{self.input_px} px"


@runtime_checkable
class ModelConfig(Protocol):
    """A frozen dataclass of a model's options."""

    @property
    def contract(self) -> Contract:
        """What a model with these options declares."""
        ...


AnyConfig = TypeVar("AnyConfig", bound=ModelConfig)


def with_emotions(config: AnyConfig, count: int) -> AnyConfig:
    """The config for a label set of `count` emotions; unchanged if the model does not predict emotions."""
    if "emotion" not in config.contract.predicts:
        return config
    return dataclasses.replace(config, **{FROM_LABEL_SET: count})


def model_options(config: ModelConfig) -> dict[str, Any]:
    """The options of a model as nested dicts of plain values."""
    options = dataclasses.asdict(config)
    options.pop(FROM_LABEL_SET, None)
    return options
