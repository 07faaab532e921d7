"""Recognizes the network in another program's file, and renames its arrays to ours."""

import dataclasses
import pathlib
from typing import Any

from affect_jax import emotions
from affect_jax.convert import copies, emonet, fan, i3d, weights
from affect_jax.convert.table import Converted, convert
from affect_jax.experiment.config.errors import UsageError
from affect_jax.models.contract import model_options
from affect_jax.models.emonet import EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.inception import STEM
from affect_jax.models.intensity import LAYER
from affect_jax.models.intensity_i3d import IntensityI3DConfig
from affect_jax.models.landmarks import LandmarkNetworkConfig
from affect_jax.ops.geometry import ANTIALIASED, EMONET

LABEL_SETS = {8: "affectnet_8", 5: "emonet_5"}  # by number of outputs; emotions in the published order
INPUT_PX = 256  # of the published EmoNet and FAN
LICENSES = {
    "emonet": "CC BY-NC-ND 4.0 (EmoNet, face-analysis/emonet): no commercial use, and no distribution of derivatives, "
    "such as this converted checkpoint",
    "fan": "BSD-3-Clause (face-alignment, 1adrianb/face-alignment)",
}


@dataclasses.dataclass(frozen=True)
class ConversionConfig:
    """What the file itself does not specify."""

    network: str = "auto"  # auto | emonet | fan | i3d
    label_set: str = ""  # name in emotions.LABEL_SETS; "" = by the number of outputs
    input_px: int = 0  # height and width of the crops it was trained on; 0 = 256, 224 for I3D
    pooling: str = "auto"  # of the trunk's maps: max | mean; auto = mean for a FAN of four hourglasses, else max
    license: str = ""  # of the file; "" = that of the published weights
    warp: str = "auto"  # of its crops: antialiased | emonet; auto = emonet, antialiased for I3D


@dataclasses.dataclass(frozen=True)
class ForeignFile:
    """A file and the network that was found in it."""

    weights: weights.Weights
    chosen: copies.Chosen
    network: str  # emonet | fan | i3d
    program: i3d.Program | None  # that an I3D comes from


@dataclasses.dataclass(frozen=True)
class Foreign:
    """A network in our form, with what else its config needs."""

    model: dict[str, Any]  # section of the config
    label_set: str
    warp: str
    license: str
    converted: Converted
    head: str = ""  # path of what is drawn instead of converted


def read_file(file: pathlib.Path, network: str) -> ForeignFile:
    """Reads the file's tensors, and finds the network among them; UsageError if it is not a readable checkpoint."""
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "not a file"
        raise UsageError(f"--from={file} is {kind}; expected a checkpoint such as emonet_8.pth")
    try:
        found = weights.read(file)
        program = i3d.find_program(found.states)
        chosen = copies.choose(found.states, program.anchors if program else fan.ANCHORS, str(file))
    except ValueError as error:
        raise UsageError(str(error)) from error
    if network == "i3d" and program is None:
        known = ", ".join(known.name for known in i3d.PROGRAMS)
        raise UsageError(f"{file} is not a checkpoint of I3D: its names are those of none of {known}")
    if network == "auto" and program is not None:
        network = "i3d"
    elif network == "auto":
        network = "emonet" if emonet.is_emonet(chosen.tensors) else "fan"
    return ForeignFile(found, chosen, network, program)


def convert_tensors(found: ForeignFile, file: pathlib.Path, settings: ConversionConfig) -> Foreign:
    """The network in our form; UsageError names what does not fit."""
    copy = found.chosen.copy
    where = f"{file} (entries under {copy.label})" if copy.prefix else str(file)
    forms = {"fan": _landmarks, "emonet": _emonet, "i3d": _intensity}
    try:
        made = forms[found.network](found, file, settings, where)
    except ValueError as error:
        raise UsageError(str(error)) from error
    warp = made.warp if settings.warp == "auto" else settings.warp
    return dataclasses.replace(made, warp=warp, license=settings.license or made.license)


def _landmarks(found: ForeignFile, file: pathlib.Path, settings: ConversionConfig, where: str) -> Foreign:
    del file
    tensors = found.chosen.tensors
    sizes = fan.trunk_sizes(tensors, fan.WHAT, where)
    if settings.label_set:
        raise UsageError(f"--label_set={settings.label_set}: a landmark trunk predicts no emotions")
    made = LandmarkNetworkConfig(_trunk(sizes, settings, "mean" if sizes.modules == 4 else "max"))
    result = convert(tensors, fan.trunk_table(sizes), fan.WHAT, where)
    return Foreign({"name": "landmarks", **model_options(made)}, LABEL_SETS[8], EMONET, LICENSES["fan"], result)


def _emonet(found: ForeignFile, file: pathlib.Path, settings: ConversionConfig, where: str) -> Foreign:
    tensors = found.chosen.tensors
    sizes = emonet.emonet_sizes(tensors, where)
    label_set = _label_set(settings.label_set, sizes.emotions, file)
    result = convert(tensors, emonet.emonet_table(sizes), emonet.WHAT, where)
    head = HeadConfig(blocks=sizes.head_blocks, attention=sizes.attention)
    made = EmoNetConfig(_trunk(sizes.trunk, settings, "max"), head, emotions=sizes.emotions)
    return Foreign({"name": "emonet", **model_options(made)}, label_set, EMONET, LICENSES["emonet"], result)


def _intensity(found: ForeignFile, file: pathlib.Path, settings: ConversionConfig, where: str) -> Foreign:
    del file
    if settings.label_set:
        raise UsageError(f"--label_set={settings.label_set}: I3D has no emotions to name; its heads are newly drawn")
    if settings.pooling != "auto":
        raise UsageError(f"--pooling={settings.pooling}: only landmark trunks leave it open; I3D pools by the maximum")
    program, tensors = found.program, found.chosen.tensors
    width = i3d.stem_width(program, tensors, where) / STEM[0]
    made = IntensityI3DConfig(width=width, input_px=settings.input_px or i3d.INPUT_PX)
    result = i3d.convert_i3d(program, tensors, made.stem, made.blocks, where)
    model = {"name": "intensity_i3d", **model_options(made)}
    return Foreign(model, LABEL_SETS[8], ANTIALIASED, program.license, result, head=f"{LAYER}/")


def _trunk(sizes: fan.TrunkSizes, settings: ConversionConfig, published_pooling: str) -> TrunkConfig:
    pooling = published_pooling if settings.pooling == "auto" else settings.pooling
    return TrunkConfig(**dataclasses.asdict(sizes), input_px=settings.input_px or INPUT_PX, pooling=pooling)


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
