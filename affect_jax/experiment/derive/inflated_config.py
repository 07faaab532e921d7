"""The config of an inflated network: the options of its source, changed by those of the command."""

import dataclasses
import pathlib
from typing import Any

from affect_jax.data.windows import WindowConfig
from affect_jax.experiment.config import claim
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive.rules import INFLATIONS
from affect_jax.models.contract import model_options
from affect_jax.models.registry import CLIP_NETWORKS, MODELS
from affect_jax.train.mesh_config import MeshConfig

FIRST_FRAMES = 16  # of a clip if the source is static; all else is as in the clip network's defaults
STARTED = {"intensity_inception": "; train intensity_i3d with initialize.rule=inflate_mean instead"}
OPTIONS = {  # field of InflationConfig -> option in the section `time` of a temporal network
    "layers": "layers",
    "time_kernel": "kernel",
    "time_pool": "pool",
    "recurrent": "recurrent",
    "output_average": "output_average",
    "output_frames": "output_frames",
    "causal": "causal",
}


@dataclasses.dataclass(frozen=True)
class InflationConfig:
    """How to inflate a network; `frames` is that of the data, the others are explained by OPTIONS.

    None keeps the source network's value or, if it is static, uses the default.
    """

    rule: str | None = None  # one of INFLATIONS
    layers: tuple | None = None
    time_kernel: int | None = None
    time_pool: int | None = None
    recurrent: str | None = None
    output_average: str | None = None
    output_frames: int | None = None
    causal: bool | None = None
    frames: int | None = None

    @property
    def time(self) -> dict[str, Any]:
        """The options of the section `time` that were given."""
        given = {option: getattr(self, field) for field, option in OPTIONS.items()}
        return {option: value for option, value in given.items() if value is not None}


def inflate_config(source: pathlib.Path, settings: InflationConfig) -> dict[str, Any]:
    """The config of `source` with its temporal options changed; UsageError for impossible options or without effect.

    Patterns over parts (frozen, fixed statistics, learning rates, mesh rules) are dropped: they were written for the
    parts of the source network.
    """
    config = claim.read_config(source)
    name = config["model"]["name"]
    base = {clip: static for static, clip in CLIP_NETWORKS.items()}.get(name, name)
    if base not in CLIP_NETWORKS:
        raise UsageError(
            f"{source} holds a network '{name}'; only {', '.join(CLIP_NETWORKS)} can be inflated{STARTED.get(name, '')}"
        )
    if settings.rule == "static" and base == name:
        raise UsageError(f"{source} already holds a static network '{name}'; --rule=static removes time")
    changed = _static(config, base, settings) if settings.rule == "static" else _over_time(config, base, settings)
    rule = INFLATIONS[settings.rule].initialize if settings.rule else "inflate"
    return {
        **config,
        **changed,
        "frozen": "",
        "fixed_statistics": "",
        "optimizer": {**config["optimizer"], "learning_rate_multipliers": ()},
        "mesh": {**config["mesh"], "rules": MeshConfig().rules},
        "initialize": {"rule": rule, "workdir": str(source)},
    }


def _static(config: dict, base: str, settings: InflationConfig) -> dict[str, Any]:
    _refuse_unused(settings, [*OPTIONS, "frames"])
    kept = model_options(MODELS[base][1]())
    model = {**{name: value for name, value in config["model"].items() if name in kept}, "name": base}
    data = {"frames": 0, "hop": 0, "windows": dataclasses.asdict(WindowConfig())}
    return {"model": model, "data": {**config["data"], **data}}


def _over_time(config: dict, base: str, settings: InflationConfig) -> dict[str, Any]:
    clip = CLIP_NETWORKS[base]
    time = model_options(MODELS[clip][1]())["time"]
    _refuse_unused(settings, [field for field, option in OPTIONS.items() if option not in time])
    frames, hop = FIRST_FRAMES, 0
    if config["model"]["name"] == clip:  # the source is temporal
        time |= config["model"]["time"]
        frames, hop = config["data"]["frames"], config["data"]["hop"]
    if settings.rule is not None:
        time["form"] = INFLATIONS[settings.rule].form
    if settings.output_average not in (None, "flat"):
        time["output_frames"] = 0  # other averages have a fixed length
    time |= settings.time
    if not time["layers"] and settings.time_kernel is not None:
        raise UsageError(f"--time_kernel={settings.time_kernel} has no effect: no layer is temporal (--layers=none)")
    if settings.frames not in (None, frames):
        frames, hop = settings.frames, 0  # back to half a clip: the old stride belongs to the old length
    model = {**config["model"], "time": time, "name": clip}
    return {"model": model, "data": {**config["data"], "frames": frames, "hop": hop}}


def _refuse_unused(settings: InflationConfig, names: list[str]) -> None:
    """UsageError for a given option without effect."""
    rule = f" with --rule={settings.rule}" if settings.rule else ""
    for name in names:
        if (value := getattr(settings, name)) is not None:
            raise UsageError(f"--{name}={value} has no effect on this network{rule}")
