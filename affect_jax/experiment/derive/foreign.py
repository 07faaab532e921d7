"""Recognizes the network in another program's file, and renames its arrays to ours."""

import dataclasses
import pathlib
from typing import Any

from affect_jax import emotions
from affect_jax.convert import copies, emonet, fan, weights
from affect_jax.convert.table import Converted, convert
from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.contract import model_options
from affect_jax.models.emonet import EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.landmarks import LandmarkNetworkConfig
from affect_jax.ops.geometry import EMONET

LABEL_SETS = {8: "affectnet_8", 5: "emonet_5"}  # by number of outputs; emotions in the published order
LICENSES = {
    "emonet": "CC BY-NC-ND 4.0 (EmoNet, face-analysis/emonet): no commercial use, and no distribution of derivatives, "
    "such as this converted checkpoint",
    "fan": "BSD-3-Clause (face-alignment, 1adrianb/face-alignment)",
}


@dataclasses.dataclass(frozen=True)
class ConversionConfig:
    """What the file itself does not specify."""

    network: str = "auto"  # auto | emonet | fan
    label_set: str = ""  # name in emotions.LABEL_SETS; "" = by the number of outputs
    input_px: int = 256  # height and width of the crops it was trained on
    pooling: str = "auto"  # of the trunk's maps: max | mean; auto = mean for a FAN of four hourglasses, else max
    license: str = ""  # of the file; "" = that of the published weights
    warp: str = EMONET  # of its crops: antialiased | emonet


def read_file(file: pathlib.Path) -> tuple[weights.Weights, copies.Chosen]:
    """Reads the file's tensors, and finds the network among them; UsageError if it is not a readable checkpoint."""
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "not a file"
        raise UsageError(f"--from={file} is {kind}; expected a checkpoint such as emonet_8.pth")
    try:
        found = weights.read(file)
        return found, copies.choose(found.states, fan.ANCHORS, str(file))
    except ValueError as error:
        raise UsageError(str(error)) from error


def convert_tensors(
    name: str, found: copies.Copy, file: pathlib.Path, settings: ConversionConfig
) -> tuple[dict[str, Any], str, Converted]:
    """The config section of the model, the label set and our arrays; UsageError names what does not fit."""
    where = f"{file} (entries under {found.label})" if found.prefix else str(file)
    try:
        if name == "fan":
            sizes = fan.trunk_sizes(found.tensors, fan.WHAT, where)
            if settings.label_set:
                raise UsageError(f"--label_set={settings.label_set}: a landmark trunk predicts no emotions")
            made = LandmarkNetworkConfig(_trunk(sizes, settings, "mean" if sizes.modules == 4 else "max"))
            result = convert(found.tensors, fan.trunk_table(sizes), fan.WHAT, where)
            return {"name": "landmarks", **model_options(made)}, LABEL_SETS[8], result
        sizes = emonet.emonet_sizes(found.tensors, where)
        label_set = _label_set(settings.label_set, sizes.emotions, file)
        result = convert(found.tensors, emonet.emonet_table(sizes), emonet.WHAT, where)
        head = HeadConfig(blocks=sizes.head_blocks, attention=sizes.attention)
        made = EmoNetConfig(_trunk(sizes.trunk, settings, "max"), head, emotions=sizes.emotions)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return {"name": "emonet", **model_options(made)}, label_set, result


def _trunk(sizes: fan.TrunkSizes, settings: ConversionConfig, published_pooling: str) -> TrunkConfig:
    pooling = published_pooling if settings.pooling == "auto" else settings.pooling
    return TrunkConfig(**dataclasses.asdict(sizes), input_px=settings.input_px, pooling=pooling)


def _label_set(given: str, outputs: int, file: pathlib.Path) -> str:
    label_set = given or LABEL_SETS.get(outputs, "")
    if not label_set:
        fitting = [name for name, labels in emotions.LABEL_SETS.items() if len(labels) == outputs]
        raise UsageError(
            f"{file} predicts {outputs} emotions; the published networks predict 5 or 8. Give --label_set, one of "
            f"{', '.join(fitting) or 'none here has as many: ' + ', '.join(sorted(emotions.LABEL_SETS))}"
        )
    if len(emotions.names(label_set)) != outputs:
        raise UsageError(
            f"--label_set={label_set} has {len(emotions.names(label_set))} emotions "
            f"({', '.join(emotions.names(label_set))}); {file} predicts {outputs}"
        )
    return label_set
