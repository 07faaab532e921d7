"""The config of a network with more time, or less: what the command names, and what the network has already."""

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

FIRST_FRAMES = 16  # of a clip, for a network that was static; all else is as in the clip network's defaults
OPTIONS = {  # field of Growth -> option of the section `time` of a network over time
    "layers": "layers",
    "time_kernel": "kernel",
    "time_pool": "pool",
    "recurrent": "recurrent",
    "output_average": "output_average",
    "output_frames": "output_frames",
    "causal": "causal",
}


@dataclasses.dataclass(frozen=True)
class Growth:
    """What is to look along time; `frames` as in the data's options, the others see OPTIONS.

    None: as the network has it that is inflated, or as in the defaults if it is static.
    """

    rule: str | None = None  # of INFLATIONS
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


def config_of(source: pathlib.Path, wanted: Growth) -> dict[str, Any]:
    """The config of `source` with the time that is wanted; UsageError for what cannot be, or would do nothing.

    Patterns of parts (frozen, fixed statistics, learning rates, mesh rules) are left out: they were chosen for the
    parts that were there.
    """
    config = claim.read(source)
    name = config["model"]["name"]
    base = {clip: static for static, clip in CLIP_NETWORKS.items()}.get(name, name)
    if base not in CLIP_NETWORKS:
        raise UsageError(f"{source} holds a network '{name}'; only {', '.join(CLIP_NETWORKS)} can be inflated")
    if wanted.rule == "static" and base == name:
        raise UsageError(f"{source} holds a static network '{name}' already; --rule=static takes time away")
    changed = _static(config, base, wanted) if wanted.rule == "static" else _over_time(config, base, wanted)
    rule = INFLATIONS[wanted.rule].initialize if wanted.rule else "inflate"
    return {
        **config,
        **changed,
        "frozen": "",
        "fixed_statistics": "",
        "optimizer": {**config["optimizer"], "learning_rate_multipliers": ()},
        "mesh": {**config["mesh"], "rules": MeshConfig().rules},
        "initialize": {"rule": rule, "workdir": str(source)},
    }


def _static(config: dict, base: str, wanted: Growth) -> dict[str, Any]:
    _refuse_idle(wanted, [*OPTIONS, "frames"])
    kept = model_options(MODELS[base][1]())
    model = {**{name: value for name, value in config["model"].items() if name in kept}, "name": base}
    data = {"frames": 0, "hop": 0, "windows": dataclasses.asdict(WindowConfig())}
    return {"model": model, "data": {**config["data"], **data}}


def _over_time(config: dict, base: str, wanted: Growth) -> dict[str, Any]:
    clip = CLIP_NETWORKS[base]
    time = model_options(MODELS[clip][1]())["time"]
    _refuse_idle(wanted, [field for field, option in OPTIONS.items() if option not in time])
    frames, hop = FIRST_FRAMES, 0
    if config["model"]["name"] == clip:  # it has time already
        time |= config["model"]["time"]
        frames, hop = config["data"]["frames"], config["data"]["hop"]
    if wanted.rule is not None:
        time["form"] = INFLATIONS[wanted.rule].form
    if wanted.output_average not in (None, "flat"):
        time["output_frames"] = 0  # other averages have a length of their own
    time |= wanted.time
    if wanted.frames not in (None, frames):
        frames, hop = wanted.frames, 0  # half a clip again: another length has another stride
    model = {**config["model"], "time": time, "name": clip}
    return {"model": model, "data": {**config["data"], "frames": frames, "hop": hop}}


def _refuse_idle(wanted: Growth, names: list[str]) -> None:
    """UsageError for an option that was given and would do nothing."""
    rule = f" with --rule={wanted.rule}" if wanted.rule else ""
    for name in names:
        if (value := getattr(wanted, name)) is not None:
            raise UsageError(f"--{name}={value} does nothing for this network{rule}")
